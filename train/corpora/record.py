"""One record type for every corpus: a clip, who speaks in it and what people hear in it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.files import sha256_file
from train.evaluation.leak import UNKNOWN_SPEAKER

Origin = Literal["real", "synthetic"]
Channel = Literal["mix", "fainter"]
SpeakerUnit = Literal["person", "character", "video"]


@dataclass(frozen=True)
class Clip:
    """One recording.

    Attributes:
        path: The sound file.
        corpus: Name of its corpus.
        speaker: Who speaks, unique over all corpora (`ravdess/01`), or `UNKNOWN_SPEAKER`.
        label: Its class (an emotion or a word), or None where only raters' votes exist.
        votes: Share of raters per class, summing to 1, where a corpus has raters.
        valence: Unpleasant (-1) to pleasant (+1), where labelled.
        arousal: Calm (-1) to excited (+1), where labelled.
        dominance: Weak (-1) to in control (+1), where labelled.
        transcript: The words, where known.
        gender: `female` or `male`, where known.
        origin: Whether a person or a synthesiser speaks.
        has_audio: False for a clip of which only the labels are at hand.
        raters: How many people's votes stand behind `votes`, where known.
        session: The recording session, where speakers meet in sessions.
        script: What is said or played: clips with the same script share words.
        style: How it came about (`scripted`, `improvised`, `natural`, a language), where the corpus tells.
        partition: The corpus's own part: `train`, `validation`, `test`, `test1`, …
        extra: Further numbers of the corpus by name, in its own units.
        start_s: Where the clip begins in its file, in seconds; None for the whole file.
        end_s: Where it ends.
        channel: What is heard of a recording with several channels: their mean, or the fainter one.
    """

    path: Path
    corpus: str
    speaker: str
    label: str | None
    votes: tuple[tuple[str, float], ...] | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    transcript: str | None = None
    gender: str | None = None
    origin: Origin = "real"
    has_audio: bool = True
    raters: int | None = None
    session: str | None = None
    script: str | None = None
    style: str | None = None
    partition: str | None = None
    extra: tuple[tuple[str, float], ...] = ()
    start_s: float | None = None
    end_s: float | None = None
    channel: Channel = "mix"

    @property
    def whole(self) -> bool:
        """Whether the clip is a whole file as it is read."""
        return self.start_s is None and self.channel == "mix"

    @property
    def name(self) -> str:
        """The file's name, with the stretch in seconds for a clip that is a part of its file."""
        return self.path.name if self.start_s is None else f"{self.path.name}#{self.start_s:g}-{self.end_s:g}"

    def distribution(self, labels: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the training target: the raters' distribution, or else one-hot of the label.

        Args:
            labels: The classes of the model, in its output order.

        Returns:
            float32 [len(labels)], summing to 1. Votes for other classes are left out.

        Raises:
            CorpusInvalid: Neither the votes nor the label name one of `labels`.
        """
        shares = dict(self.votes) if self.votes else {}
        target = np.array([shares.get(label, 0.0) for label in labels], dtype=np.float64)
        if target.sum() == 0.0 and self.label is not None and self.label in labels:
            target[list(labels).index(self.label)] = 1.0
        if target.sum() == 0.0:
            raise CorpusInvalid(
                f"{self.path.name}: labelled '{self.label}', which is none of {', '.join(labels)}",
                "leave the clip out, or add its class to the recipe's labels",
            )
        shares_of_labels: npt.NDArray[np.float32] = (target / target.sum()).astype(np.float32)
        return shares_of_labels


@dataclass(frozen=True)
class Corpus:
    """A set of clips with its terms.

    Attributes:
        name: As in the registry.
        root: The folder that it was read from.
        labels: Its classes, in a fixed order.
        clips: All clips, sorted by path.
        licence: Short name of the terms of use.
        attribution: Whom to name.
        commercial: Whether the terms allow commercial use.
        origin: Whether people or a synthesiser speak.
        sidecars: Files beside the clips that belong to it (tables of votes, background noises).
        noise_files: Recordings without speech that came with the corpus.
        speaker_unit: What a speaker's name stands for; only a `person` proves that a voice is unheard.
        release: Which release it is, where the files tell.
    """

    name: str
    root: Path
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    licence: str
    attribution: str
    commercial: bool
    origin: Origin = "real"
    sidecars: tuple[Path, ...] = ()
    noise_files: tuple[Path, ...] = ()
    speaker_unit: SpeakerUnit = "person"
    release: str = ""

    @property
    def speakers(self) -> tuple[str, ...]:
        """Every speaker once, sorted."""
        return tuple(sorted({clip.speaker for clip in self.clips}))

    @property
    def speakers_known(self) -> bool:
        """Whether every clip names its speaker."""
        return all(clip.speaker != UNKNOWN_SPEAKER for clip in self.clips)

    def name_of(self, clip: Clip) -> str:
        """Return a clip's name, the same on every machine: its path below the corpus, and its stretch."""
        return self._relative(clip.path.with_name(clip.name))

    def of(self, speakers: Iterable[str]) -> tuple[Clip, ...]:
        """Return the clips of some speakers, in corpus order.

        Raises:
            CorpusInvalid: A speaker has no clip here.
        """
        wanted = set(speakers)
        if missing := wanted - set(self.speakers):
            raise CorpusInvalid(
                f"corpus {self.name} has no speaker {', '.join(sorted(missing))}",
                f"its speakers: {', '.join(self.speakers)}",
            )
        return tuple(clip for clip in self.clips if clip.speaker in wanted)

    def with_audio(self) -> tuple[Clip, ...]:
        """Return the clips whose sound is at hand.

        Raises:
            CorpusInvalid: None has any.
        """
        audible = tuple(clip for clip in self.clips if clip.has_audio)
        if not audible:
            raise CorpusInvalid(
                f"corpus {self.name} at {self.root} has labels but no audio",
                "put its sound files into the official layout (see train/corpora/README.md)",
            )
        return audible

    def counts(self) -> dict[str, int]:
        """Return how many clips carry each label, in label order."""
        found = Counter(clip.label for clip in self.clips)
        return {label: found[label] for label in self.labels}

    def fingerprint(self) -> str:
        """Return a SHA-256 over relative path, size and SHA-256 of each file, sorted by path."""
        files = {clip.path for clip in self.clips if clip.has_audio} | {*self.sidecars, *self.noise_files}
        total = hashlib.sha256()
        for relative, path in sorted((self._relative(path), path) for path in files):
            total.update(f"{relative}\t{path.stat().st_size}\t{sha256_file(path)}\n".encode())
        return total.hexdigest()

    def _relative(self, path: Path) -> str:
        """Return a file's place in the corpus; a noise from another folder goes by its own folder and name."""
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return f"../{path.parent.name}/{path.name}"


def checked(corpus: Corpus) -> Corpus:
    """Return `corpus` if a model can be trained and honestly scored on it.

    Raises:
        CorpusInvalid: No clips, a class without clips or votes, or a single speaker.
    """
    if not corpus.clips:
        raise CorpusInvalid(
            f"corpus {corpus.name} at {corpus.root}: no clip is left",
            "complete the download, or take another slice",
        )
    voted = {label for clip in corpus.clips for label, share in clip.votes or () if share > 0}
    empty = [label for label, count in corpus.counts().items() if count == 0 and label not in voted]
    if empty:
        raise CorpusInvalid(
            f"corpus {corpus.name} at {corpus.root}: no clips of class {', '.join(empty)}",
            "complete the download, or take the class out of the folder",
        )
    if corpus.speakers_known and len(corpus.speakers) < 2:
        raise CorpusInvalid(
            f"corpus {corpus.name} at {corpus.root}: all clips are of one speaker ({corpus.speakers[0]})",
            "add a second speaker: a score needs speakers that the model has not heard",
        )
    return corpus
