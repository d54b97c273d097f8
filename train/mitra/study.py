"""Mitra's page for a corpus: the layers of a foundation model and filterbank and pitch, each under a plain regression.

The salient and the probed layer are chosen anew in each fold, from its training speakers alone: nothing is selected on
who is scored. Where a corpus has raters, classes are their consensus and targets their votes. Where it has no sound,
the votes alone are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from train.corpora.reading import read_clips
from train.corpora.record import Clip, Corpus
from train.evaluation.heard import CLEAN, Heard, Role, Truth
from train.evaluation.splits import Split, leave_speakers_out
from train.foundation.encoder import Encoder, hear_statistics
from train.foundation.probe import probe_uar
from train.foundation.saliency import draw_sample, layer_saliency
from train.mitra.comparison import compare
from train.mitra.filterbank import filterbank_rows, filterbank_statistics
from train.mitra.noise import in_conditions
from train.mitra.page import Page
from train.mitra.probe import Floats, Integers, regressions
from train.mitra.saliency import PAPER_SAMPLE, layers_by_target, named_targets
from train.mitra.targets import TargetComparison, compare_targets, train_on
from train.mitra.votes import VoteFacts, ballots_of, vote_facts

FOLDS = 6
LEAST_FOLDS = 3
_SECONDS = 5.0  # of the clip that multiply-adds are counted for

Tables = Mapping[str, Mapping[str, Floats]]  # condition to layer to float32 [clips, 2 * width]


@dataclass(frozen=True)
class Choice:
    """The layer of each fold, chosen from its training speakers.

    Attributes:
        role: `salient` or `probed`.
        layers: One a fold.
    """

    role: Role
    layers: tuple[str, ...]

    @property
    def words(self) -> str:
        """What was chosen, and how often."""
        counts = Counter(self.layers)
        return f"{self.role} layer: " + ", ".join(
            f"{layer} in {n} folds" for layer, n in counts.most_common()
        )


def study(
    corpus: Corpus,
    encoder: Encoder | None,
    folds: int = FOLDS,
    noise: bool = False,
    sample: int = PAPER_SAMPLE,
    seed: int = 0,
) -> Page:
    """Return the page of a corpus.

    Args:
        corpus: With sound or without.
        encoder: Whose layers are heard; None for filterbank and pitch alone.
        folds: Speakers are left out in so many parts, or in fewer where there are fewer speakers.
        noise: Whether the clips are also played at 15 and 5 dB.
        sample: How many utterances saliency is computed on.
        seed: Of draws, probes and intervals.

    Raises:
        CorpusInvalid: Neither sound nor votes, or too few speakers.
    """
    clips = [clip for clip in corpus.clips if clip.has_audio and clip.label in corpus.labels]
    if not clips:
        alone, why = votes_of(corpus, corpus.clips, seed), ("Labels only: no sound is at hand.",)
        return Page(corpus.name, corpus.origin, "measured", votes=alone, notes=why)
    people = {clip.speaker for clip in clips}
    if min(folds, len(people)) < LEAST_FOLDS:
        raise CorpusInvalid(
            f"{corpus.name}: {folds} folds of {len(people)} speakers",
            f"at least {LEAST_FOLDS} of both: one fold to score, two to choose a layer in",
        )
    splits = leave_speakers_out(clips, min(folds, len(people)))
    known, fold = truth_of(corpus, clips, splits)
    sounds = in_conditions(read_clips(clips, f"reading {corpus.name}"), noise, seed)
    bank = {name: filterbank_statistics(heard) for name, heard in sounds.items()}
    systems = filterbank_rows(known, fold, bank, seed)
    layers, notes, inputs = [], [], {"filterbank and pitch": bank[CLEAN]}
    if encoder is not None:
        tables = {name: hear_statistics(encoder, heard) for name, heard in sounds.items()}
        means = {layer: table[:, : table.shape[1] // 2] for layer, table in tables[CLEAN].items()}
        layers.append(layers_by_target(encoder.about.name, known, fold, means, tables[CLEAN], sample, seed))
        chosen = [
            choose_salient(known, fold, means, sample, seed),
            choose_probed(known, fold, tables[CLEAN], seed),
        ]
        last = Choice("last", (encoder.layer_names[-1],) * len(splits))
        for choice in (*chosen, last):
            systems += layer_systems(known, fold, tables, encoder, choice, seed)
        notes += [f"{choice.words}, each chosen from the other folds' speakers." for choice in chosen]
        usual = Counter(chosen[1].layers).most_common(1)[0][0]
        inputs[f"{encoder.about.name} {usual}"] = tables[CLEAN][usual]
    facts: VoteFacts | None = None
    targets: list[TargetComparison] = []
    if known.raters:
        facts = votes_of(corpus, clips, seed)
        notes.append("Classes are the raters' consensus: the commonest vote.")
        for name, table in inputs.items():
            votes, consensus = (train_on(known, fold, table, kind, seed) for kind in ("votes", "consensus"))
            targets.append(compare_targets(known, votes, consensus, name, seed=seed))
    return Page(
        title=corpus.name if encoder is None else f"{encoder.about.name} on {corpus.name}",
        speech=corpus.origin,
        evidence="measured",
        comparison=compare(known, systems, seed=seed),
        layers=tuple(layers),
        targets=tuple(targets),
        votes=facts,
        notes=tuple(notes),
    )


def truth_of(corpus: Corpus, clips: Sequence[Clip], splits: Sequence[Split]) -> tuple[Truth, Integers]:
    """Return what is known of clips, and int64 [clips], the fold in which each is unseen.

    Where all clips have votes the class is the commonest one; of equal ones the label, if it is among them.
    """
    targets = np.stack([clip.distribution(corpus.labels) for clip in clips])
    labels = np.array([corpus.labels.index(str(clip.label)) for clip in clips], np.int64)
    raters = all(clip.votes for clip in clips)
    if raters:
        best = targets.argmax(axis=1)
        agrees = targets[np.arange(len(clips)), labels] == targets.max(axis=1)
        labels = np.where(agrees, labels, best)
    ratings = [(clip.valence, clip.arousal, clip.dominance) for clip in clips]
    rated = all(value is not None for row in ratings for value in row)
    fold_of = {name: place for place, split in enumerate(splits) for name in split.test}
    known = Truth(
        corpus=corpus.name,
        speech=corpus.origin,
        labels=corpus.labels,
        truth=labels,
        targets=targets,
        dimensions=np.array(ratings, np.float32) if rated else None,
        speakers=tuple(clip.speaker for clip in clips),
        genders=tuple(clip.gender for clip in clips),
        proofs=tuple(split.prove_test() for split in splits),
        raters=raters,
    )
    return known, np.array([fold_of[clip.speaker] for clip in clips], np.int64)


def votes_of(corpus: Corpus, clips: Sequence[Clip], seed: int = 0) -> VoteFacts:
    """Return what the votes of clips say. A label that is not always the commonest vote is what was meant."""
    top = [(dict(clip.votes), str(clip.label)) for clip in clips if clip.votes and clip.label]
    meant = any(shares.get(label, 0.0) < max(shares.values()) for shares, label in top)
    return vote_facts(ballots_of(corpus.name, corpus.origin, corpus.labels, clips, acted=meant), seed=seed)


def choose_salient(
    truth: Truth, folds: Integers, means: Mapping[str, Floats], sample: int = PAPER_SAMPLE, seed: int = 0
) -> Choice:
    """Return each fold's most salient layer, all targets together, from a sample of its training clips.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen.
        means: Layer to float32 [clips, channels], the mean over time.
        sample: How many utterances are drawn.
        seed: Of the draw.
    """
    _, columns = named_targets(truth)
    picks = []
    for fold in np.unique(folds):
        heard = np.flatnonzero(folds != fold)
        drawn = heard[draw_sample(len(heard), sample, seed)]
        scores = {layer: layer_saliency(table[drawn], columns[drawn]).total for layer, table in means.items()}
        picks.append(max(scores, key=scores.__getitem__))
    return Choice("salient", tuple(picks))


def choose_probed(truth: Truth, folds: Integers, tables: Mapping[str, Floats], seed: int = 0) -> Choice:
    """Return each fold's best layer by a probe among its training speakers, halved by their own folds.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen; at least three.
        tables: Layer to float32 [clips, dimensions].
        seed: Of the probe.
    """
    picks = []
    for fold in np.unique(folds):
        heard = folds != fold
        halves = np.searchsorted(np.unique(folds[heard]), folds[heard]) % 2
        scores = {
            layer: probe_uar(table[heard], truth.truth[heard], halves, seed)
            for layer, table in tables.items()
        }
        picks.append(max(scores, key=scores.__getitem__))
    return Choice("probed", tuple(picks))


def layer_systems(
    truth: Truth, folds: Integers, tables: Tables, encoder: Encoder, choice: Choice, seed: int = 0
) -> list[Heard]:
    """Return the regression on each fold's layer as a system, in every condition.

    Parameters and multiply-adds are those of the deepest layer that a fold chose.

    Args:
        truth: The clips.
        folds: int64 [clips], where each is unseen.
        tables: Condition to layer to float32 [clips, dimensions].
        encoder: Whose layers they are.
        choice: The layer of each fold.
        seed: Of the regression.
    """
    name, order = encoder.about.name, encoder.layer_names
    deepest = max(set(choice.layers), key=order.index)
    layer = deepest if len(set(choice.layers)) == 1 else "layer"
    multiply_adds = round(encoder.multiply_adds(deepest, round(_SECONDS * SAMPLE_RATE_HZ)) / _SECONDS)
    by_layer = {
        one: regressions(
            truth,
            folds,
            {condition: heard[one] for condition, heard in tables.items()},
            f"{name} {choice.role} {layer}, regression",
            choice.role,
            encoder.parameters_up_to(deepest),
            multiply_adds,
            name,
            seed,
        )
        for one in set(choice.layers)
    }
    found = []
    for place, first in enumerate(by_layer[deepest]):
        shares, dimensions = (
            first.shares.copy(),
            None if first.dimensions is None else first.dimensions.copy(),
        )
        for fold, one in zip(np.unique(folds), choice.layers, strict=True):
            heard, unseen = by_layer[one][place], folds == fold
            shares[unseen] = heard.shares[unseen]
            if dimensions is not None and heard.dimensions is not None:
                dimensions[unseen] = heard.dimensions[unseen]
        found.append(replace(first, shares=shares, dimensions=dimensions))
    return found
