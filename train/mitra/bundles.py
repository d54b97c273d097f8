"""A bundle's three outputs as systems on a corpus, beside filterbank and pitch: Mitra's page for what is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CorpusMissing
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from train.corpora import load_corpus
from train.corpora.reading import read_clips
from train.corpora.record import Corpus
from train.evaluation.heard import CLEAN, Heard, Truth
from train.evaluation.leak import AdmittedLeak, SpeakerProof
from train.evaluation.on_corpus import BRANCHES, Chosen, Evaluation, hear, own_corpus
from train.evaluation.splits import leave_speakers_out
from train.mitra.comparison import compare
from train.mitra.filterbank import filterbank_rows, filterbank_rows_of_training, filterbank_statistics
from train.mitra.noise import Sounds, in_conditions
from train.mitra.page import Page
from train.mitra.probe import Floats

ROW_FOLDS = 6


@dataclass(frozen=True)
class Size:
    """What a branch costs: its parameters, and multiply-adds for a second of speech."""

    parameters: int
    multiply_adds: int


def bundle_page(
    bundle: Bundle,
    chosen: Chosen,
    found: Evaluation,
    sizes: Mapping[str, Size],
    evidence: str = "simulated",
    device: ReferenceDevice | None = None,
    noise: bool = False,
) -> Page:
    """Return the page of a bundle on a corpus.

    Args:
        bundle: The bundle.
        chosen: The clips.
        found: What it made of them, in clean speech.
        sizes: Of each output of `BRANCHES`.
        evidence: How the scores came to be.
        device: What computes scores in noise; by default the reference kernels.
        noise: Whether the clips are also played at 15 and 5 dB.

    Raises:
        CorpusInvalid: Neither the bundle's own corpus is here nor are there speakers enough for folds.
    """
    sounds = in_conditions(read_clips(chosen.clips, f"reading {chosen.corpus.name}"), noise)
    device = device or ReferenceDevice(bundle)
    heard = {name: found.scores if name == CLEAN else hear(device, clips) for name, clips in sounds.items()}
    rows, proofs, note = _filterbank(bundle, chosen, sounds)
    known = truth_of(bundle, chosen, proofs)
    systems = [
        one
        for condition, scores in heard.items()
        for one in bundle_systems(bundle, chosen, scores, device, sizes, condition)
    ]
    counts = None if chosen.train_counts is None else chosen.train_counts[present(bundle, chosen)]
    notes = [note, "These clips hold no keyword: the keyword output says what hearing none suggests."]
    notes += [f"Left out: {n} clips labelled '{label}'." for label, n in chosen.left_out.items()]
    title = f"{bundle.manifest.name} on {chosen.corpus.name}"
    return Page(
        title, chosen.corpus.origin, evidence, compare(known, [*systems, *rows], counts), notes=tuple(notes)
    )


def present(bundle: Bundle, chosen: Chosen) -> npt.NDArray[np.int64]:
    """Return int64 [classes], the places of the bundle's classes that the corpus has."""
    return np.array(
        [i for i, label in enumerate(bundle.manifest.labels) if label in chosen.corpus.labels], np.int64
    )


def truth_of(bundle: Bundle, chosen: Chosen, proofs: tuple[SpeakerProof | AdmittedLeak, ...] = ()) -> Truth:
    """Return what is known of the clips, in the classes that bundle and corpus share.

    Args:
        bundle: The bundle; fold 0 is its own proof.
        chosen: The clips.
        proofs: Of the folds of other systems, from 1 on.
    """
    places = present(bundle, chosen)
    labels = tuple(bundle.manifest.labels[place] for place in places)
    return Truth(
        corpus=chosen.corpus.name,
        speech=chosen.corpus.origin,
        labels=labels,
        truth=np.searchsorted(places, chosen.truth),
        targets=np.stack([clip.distribution(labels) for clip in chosen.clips]),
        dimensions=None,
        speakers=tuple(clip.speaker for clip in chosen.clips),
        genders=tuple(clip.gender for clip in chosen.clips),
        proofs=(chosen.proof, *proofs),
        raters=any(clip.votes for clip in chosen.clips),
    )


def bundle_systems(
    bundle: Bundle,
    chosen: Chosen,
    scores: Mapping[str, npt.NDArray[np.int8]],
    device: ReferenceDevice,
    sizes: Mapping[str, Size],
    condition: str,
) -> list[Heard]:
    """Return the outputs as systems; their shares are the softmax of the int8 scores in real units.

    Args:
        bundle: The bundle.
        chosen: The clips.
        scores: As `hear` returns them.
        device: Whose scores they are.
        sizes: Of each output.
        condition: What was played.
    """
    vote = bundle.manifest.keyword_vote
    columns = {**scores, "keyword": vote.apply(scores["keyword"])}
    steps = {
        "acoustic": device.acoustic.output_scale,
        "keyword": vote.output_scale,
        "fused": bundle.manifest.fusion.output_scale,
    }
    places = present(bundle, chosen)
    return [
        Heard(
            system=name,
            condition=condition,
            shares=softmax(columns[name][:, places].astype(np.float64) * steps[name]),
            dimensions=None,
            folds=np.zeros(len(chosen.clips), np.int64),
            parameters=sizes[name].parameters,
            multiply_adds=sizes[name].multiply_adds,
            role="other",
        )
        for name in BRANCHES
    ]


def softmax(logits: npt.NDArray[np.float64]) -> Floats:
    """Return float32 [clips, classes] that sum to 1."""
    from scipy import special

    return np.asarray(special.softmax(logits, axis=1), np.float32)


def _filterbank(
    bundle: Bundle, chosen: Chosen, sounds: Mapping[str, Sounds]
) -> tuple[list[Heard], tuple[SpeakerProof | AdmittedLeak, ...], str]:
    """Return the comparison row, the proofs of folds of its own, and what it was trained on.

    It learns from the bundle's training speakers; where their corpus is not here, from the scored speakers, each
    time without those that it is asked about.
    """
    labels = tuple(bundle.manifest.labels[place] for place in present(bundle, chosen))
    statistics = {condition: filterbank_statistics(clips) for condition, clips in sounds.items()}
    own = _own(bundle, chosen)
    heard = set(bundle.manifest.split.train)
    clips = [
        clip
        for clip in (own.clips if own else ())
        if clip.has_audio and clip.speaker in heard and clip.label in labels
    ]
    if own is not None and clips:
        table = filterbank_statistics(read_clips(clips, f"reading {own.name}"))
        targets = np.stack([clip.distribution(labels) for clip in clips])
        rows = filterbank_rows_of_training(table, targets, statistics)
        return rows, (), "Filterbank and pitch: a regression trained on the bundle's own training speakers."
    splits = leave_speakers_out(chosen.clips, min(ROW_FOLDS, len(chosen.speakers)))
    fold_of = {name: place for place, split in enumerate(splits, start=1) for name in split.test}
    folds = np.array([fold_of[clip.speaker] for clip in chosen.clips], np.int64)
    proofs = tuple(split.prove_test() for split in splits)
    rows = filterbank_rows(truth_of(bundle, chosen, proofs), folds, statistics)
    note = "Filterbank and pitch: the bundle's own corpus is not here; the row learned from the other scored speakers."
    return rows, proofs, note


def _own(bundle: Bundle, chosen: Chosen) -> Corpus | None:
    """Return the corpus that a bundle was made from, the scored one where it is the same; None where it is not here."""
    name = own_corpus(bundle)
    if name == chosen.corpus.name:
        return chosen.corpus
    try:
        return load_corpus(name)
    except CorpusMissing:
        return None
