"""Scoring a bundle on a corpus: who may be scored, which clips fit its classes, and what it says of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import CorpusInvalid, InvalidSetting, SpeakerLeak
from firmware_bridge.base.progress import note, track
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from train.corpora import READERS, load_corpus
from train.corpora.reading import read_clips
from train.corpora.record import Clip, Corpus
from train.evaluation.duplicates import HEARD_FILE, Prints, require_no_duplicates
from train.evaluation.leak import SpeakerProof, require_disjoint
from train.evaluation.score import Scorecard, score

Item = TypeVar("Item")

BRANCHES = ("acoustic", "keyword", "fused")


@dataclass(frozen=True)
class Chosen:
    """What is to be scored.

    Attributes:
        corpus: The corpus.
        clips: Clips of the chosen speakers with classes that the bundle knows.
        truth: int64[clips], the class of each in the bundle's order.
        speakers: The speakers that the clips are of, sorted.
        left_out: Number of clips of each class that the bundle does not know.
        proof: That the bundle has heard none of the speakers.
        train_counts: int64[classes], clips of each class that the bundle was trained on, where they are here.
    """

    corpus: Corpus
    clips: tuple[Clip, ...]
    truth: NDArray[np.int64]
    speakers: tuple[str, ...]
    left_out: dict[str, int]
    proof: SpeakerProof
    train_counts: NDArray[np.int64] | None


@dataclass(frozen=True)
class Evaluation:
    """What came out.

    Attributes:
        bundle_id: SHA-256 of the bundle's manifest.
        corpus: Name of the corpus.
        speakers: Who was scored.
        clips: How many clips.
        left_out: As in `Chosen`.
        speech: `real` or `synthetic`.
        scores_sha256: Over the int8 scores (acoustic, keyword, fused) of all clips in order.
        cards: The scorecard of each output.
        scores: What the cards were made from: int8 [clips, …] by branch, as in `hear`.
    """

    bundle_id: str
    corpus: str
    speakers: tuple[str, ...]
    clips: int
    left_out: dict[str, int]
    speech: str
    scores_sha256: str
    cards: dict[str, Scorecard]
    scores: dict[str, NDArray[np.int8]] = field(compare=False)


@dataclass(frozen=True, eq=False)
class Answers:
    """What a bundle answers to chosen clips, in their order.

    Attributes:
        acoustic: int8[clips, labels].
        keyword: int8[clips, keywords].
        vote: int8[clips, labels]: the keyword branch's own guess of the emotion (the bundle's `keyword_vote`).
        fused: int8[clips, labels].
    """

    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    vote: NDArray[np.int8]
    fused: NDArray[np.int8]

    @property
    def sha256(self) -> str:
        """SHA-256 over the raw scores: acoustic, keyword, fused of each clip."""
        return hashlib.sha256(
            np.concatenate([self.acoustic, self.keyword, self.fused], axis=1).tobytes()
        ).hexdigest()


def own_corpus(bundle: Bundle) -> str:
    """Return the name of the emotion corpus that a bundle was made from.

    Raises:
        InvalidSetting: The bundle does not name one that is known here.
    """
    names = [name for name in bundle.manifest.corpus if name in READERS and READERS[name].task == "emotion"]
    if len(names) != 1:
        valid = ", ".join(name for name, reader in READERS.items() if reader.task == "emotion")
        raise InvalidSetting("the bundle does not say which corpus is its own", f"give --corpus: {valid}")
    return names[0]


def choose(
    bundle: Bundle, which: str | None = None, names: Sequence[str] | None = None, limit: int | None = None
) -> Chosen:
    """Choose clips that a bundle may honestly be scored on: the one rule, for `evaluate` and for the rig.

    Args:
        bundle: The bundle.
        which: Corpus `NAME` or `NAME:PATH`; by default the bundle's own.
        names: Speakers, as `ravdess/01` or `01`; by default the bundle's test speakers in its own corpus,
            and everybody in another one.
        limit: At most so many clips, taken at equal distances.

    Raises:
        SpeakerLeak: The bundle was trained or selected on one of them; names those that may be scored.
        CorpusInvalid: Unknown speakers, or no class in common.
    """
    manifest, split = bundle.manifest, bundle.manifest.split
    corpus = load_corpus(which or own_corpus(bundle))
    heard = set(split.train) | set(split.validation)
    audible = corpus.with_audio()
    unheard = sorted({clip.speaker for clip in audible} - heard)
    speakers = [_full_name(corpus, name.strip()) for name in names] if names is not None else unheard
    if leaked := sorted(heard & set(speakers)):
        raise SpeakerLeak(
            f"refusing to score: the bundle was trained or selected on {', '.join(leaked)}",
            f"score only {', '.join(unheard) or 'another corpus'}",
        )
    if not speakers:
        raise SpeakerLeak(
            f"the bundle has heard every speaker of {corpus.name}", "score it on another corpus"
        )
    proof = require_disjoint(heard, speakers)
    of_them = [clip for clip in audible if clip.speaker in set(speakers)]
    known = [clip for clip in of_them if clip.label in manifest.labels]
    left_out = Counter(str(clip.label) for clip in of_them if clip.label not in manifest.labels)
    if not known:
        raise CorpusInvalid(
            f"corpus {corpus.name} has no class in common with the bundle",
            f"the bundle knows: {', '.join(manifest.labels)}; the corpus: {', '.join(corpus.labels)}",
        )
    for label, count in sorted(left_out.items()):
        note(f"left out: {count} clips labelled '{label}', which the bundle does not know")
    known = thin(known, limit)
    counts = Counter(clip.label for clip in audible if clip.speaker in set(split.train))
    return Chosen(
        corpus=corpus,
        clips=tuple(known),
        truth=np.array([manifest.labels.index(str(clip.label)) for clip in known], np.int64),
        speakers=tuple(sorted({clip.speaker for clip in known})),
        left_out=dict(sorted(left_out.items())),
        proof=proof,
        train_counts=np.array([counts[label] for label in manifest.labels]) if counts else None,
    )


def choose_alike(
    bundles: Sequence[Bundle], which: str | None = None, limit: int | None = None
) -> list[Chosen]:
    """Choose the same clips for several bundles: of speakers that none of them has heard.

    Args:
        bundles: They must know the same classes, in any order.
        which: Corpus `NAME` or `NAME:PATH`; by default the first bundle's own.
        limit: At most so many clips, taken at equal distances.

    Raises:
        InvalidSetting: The bundles know other classes.
        SpeakerLeak: Each speaker of the corpus was heard by one of them.
        CorpusInvalid: No class in common with the corpus.
    """
    known = [sorted(bundle.manifest.labels) for bundle in bundles]
    for one in known[1:]:
        if odd := sorted(set(one) ^ set(known[0])):
            raise InvalidSetting(
                f"the bundles know other classes: {', '.join(odd)}", "compare bundles of one task"
            )
    name = which or own_corpus(bundles[0])
    corpus = load_corpus(name)
    heard = {
        who for bundle in bundles for who in (*bundle.manifest.split.train, *bundle.manifest.split.validation)
    }
    unheard = sorted({clip.speaker for clip in corpus.with_audio()} - heard)
    if not unheard:
        raise SpeakerLeak(
            f"every speaker of {corpus.name} was heard by one of the bundles",
            "compare them on another corpus: --corpus NAME:PATH",
        )
    return [choose(bundle, name, unheard, limit) for bundle in bundles]


def thin(items: Sequence[Item], limit: int | None) -> list[Item]:
    """Return at most `limit` items at equal distances, so that all speakers and classes stay; all without a limit."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[index] for index in np.linspace(0, len(items) - 1, limit).astype(int)]


def _full_name(corpus: Corpus, name: str) -> str:
    """Return a speaker's full name for `01` or `ravdess/01`."""
    full = name if name in corpus.speakers else f"{corpus.name}/{name}"
    if full not in corpus.speakers:
        raise CorpusInvalid(
            f"corpus {corpus.name} has no speaker '{name}'", f"its speakers: {', '.join(corpus.speakers)}"
        )
    return full


def among(scores: NDArray[np.int8], labels: Sequence[str], present: Sequence[str]) -> NDArray[np.int16]:
    """Return int16[n, labels] in which classes that a corpus does not have can never win.

    Four emotions are asked for in a corpus of four: a guess at a fifth would only measure another task.
    """
    asked = np.isin(np.array(labels), np.array(present))
    return np.where(asked, scores.astype(np.int16), np.int16(-1000))


def sound_of(chosen: Chosen, names: Iterable[str]) -> dict[str, NDArray[np.int16]]:
    """Return some of the chosen clips as int16[n] at 16 kHz, by their names below the corpus."""
    wanted = set(names)
    clips = [clip for clip in chosen.clips if chosen.corpus.name_of(clip) in wanted]
    sound = read_clips(clips, "reading clips to listen to") if clips else []
    return {chosen.corpus.name_of(clip): pcm for clip, pcm in zip(clips, sound, strict=True)}


def require_unheard_sound(bundle: Bundle, recordings: Iterable[tuple[str, NDArray[np.int16]]]) -> None:
    """Refuse recordings that the bundle was trained or selected on, in whatever corpus and under whatever name.

    Raises:
        SpeakerLeak: Names the pairs.
    """
    file = bundle.directory / HEARD_FILE
    if not file.is_file():
        note(
            "this bundle does not say what its training sounded like: copies under other names cannot be found"
        )
        return
    require_no_duplicates(Prints.from_bytes(file.read_bytes()), Prints.of(recordings))


def answer(bundle: Bundle, chosen: Chosen, device: ReferenceDevice | None = None) -> Answers:
    """Run every clip through the bundle as a device would.

    Args:
        bundle: The bundle.
        chosen: The clips.
        device: What computes the scores; by default the reference kernels.

    Raises:
        AudioUnreadable: A clip is damaged.
        SpeakerLeak: The bundle has heard a recording under another name.
    """
    device = device or ReferenceDevice(bundle)
    sound = read_clips(chosen.clips, f"reading {chosen.corpus.name}")
    require_unheard_sound(bundle, zip((clip.name for clip in chosen.clips), sound, strict=True))
    acoustic, keyword, fused = hear(device, sound).values()
    return Answers(acoustic, keyword, bundle.manifest.keyword_vote.apply(keyword), fused)


def evaluate(bundle: Bundle, chosen: Chosen, device: ReferenceDevice | None = None) -> Evaluation:
    """Run every clip through the bundle as a device would, and score its three outputs.

    The keyword output is the keyword branch's own guess of the emotion (the bundle's `keyword_vote`). Guesses
    are limited to the classes that the corpus has, and that is said.

    Args:
        bundle: The bundle.
        chosen: The clips.
        device: What computes the scores; by default the reference kernels.

    Raises:
        AudioUnreadable: A clip is damaged.
        SpeakerLeak: The bundle has heard a recording under another name.
    """
    answers = answer(bundle, chosen, device)
    labels, present = bundle.manifest.labels, chosen.corpus.labels
    if absent := [label for label in labels if label not in present]:
        note(f"{chosen.corpus.name} has no {', '.join(absent)}: guesses are limited to its own classes")
    cards = {
        name: score(
            chosen.truth,
            among(scores, labels, present),
            [clip.speaker for clip in chosen.clips],
            labels,
            chosen.proof,
            genders=[clip.gender for clip in chosen.clips],
            train_counts=chosen.train_counts,
            speech=chosen.corpus.origin,
        )
        for name, scores in (
            ("acoustic", answers.acoustic),
            ("keyword", answers.vote),
            ("fused", answers.fused),
        )
    }
    return Evaluation(
        bundle_id=bundle.id,
        corpus=chosen.corpus.name,
        speakers=chosen.speakers,
        clips=len(chosen.clips),
        left_out=chosen.left_out,
        speech=chosen.corpus.origin,
        scores_sha256=answers.sha256,
        cards=cards,
        scores={name: getattr(answers, name) for name in BRANCHES},
    )


def hear(device: ReferenceDevice, sound: Sequence[NDArray[np.int16]]) -> dict[str, NDArray[np.int8]]:
    """Return what a device makes of clips: int8 [clips, classes] or [clips, keywords] for each of `BRANCHES`."""
    segments = [device.score_segment(pcm) for pcm in track(sound, "scoring clips")]
    return {name: np.stack([getattr(one, name) for one in segments]) for name in BRANCHES}
