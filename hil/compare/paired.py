"""Accuracy of two sides on the same clips: paired differences over speakers, confusions, and which clips flipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.compare.sides import Output
from train.evaluation.bootstrap import Interval, paired_difference, speaker_confusions
from train.evaluation.metrics import macro_f1, uar


@dataclass(frozen=True)
class Flip:
    """A clip that an output took for another class than before.

    Attributes:
        clip: Its name.
        speaker: Who speaks.
        truth: Its true class.
        first: What the first side took it for.
        second: What the second side took it for.
    """

    clip: str
    speaker: str
    truth: str
    first: str
    second: str

    @property
    def kind(self) -> str:
        """`mended` where only the second side is right, `spoilt` where only the first was, else `moved`."""
        if self.second == self.truth:
            return "mended"
        return "spoilt" if self.first == self.truth else "moved"

    def as_dict(self) -> dict[str, Any]:
        """Return the flip as JSON-ready data."""
        return asdict(self) | {"kind": self.kind}


@dataclass(frozen=True, eq=False)
class Paired:
    """One output of both sides on the clips that both have.

    Attributes:
        output: Its name.
        labels: Its classes.
        clips: How many clips both sides have.
        uar: (first, second), ratios.
        macro_f1: (first, second), ratios.
        uar_difference: Second minus first, over the same drawn speakers.
        macro_f1_difference: The same of macro-F1.
        confusion: int64[labels, labels], second minus first; rows are the truth.
        per_speaker: UAR of each speaker, (first, second).
        flips: Clips that were taken for something else, in the clips' order.
    """

    output: str
    labels: tuple[str, ...]
    clips: int
    uar: tuple[float, float]
    macro_f1: tuple[float, float]
    uar_difference: Interval
    macro_f1_difference: Interval
    confusion: NDArray[np.int64]
    per_speaker: Mapping[str, tuple[float, float]]
    flips: tuple[Flip, ...]

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the interval of the UAR's difference excludes zero; `same` without flips."""
        if not self.flips:
            return "same"
        if not self.uar_difference.excludes(0.0):
            return "not proven"
        return "better" if self.uar_difference.value > 0 else "worse"

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready data."""
        return {
            "output": self.output,
            "labels": list(self.labels),
            "clips": self.clips,
            "speakers": len(self.per_speaker),
            "verdict": self.verdict,
            "uar": list(self.uar),
            "macro_f1": list(self.macro_f1),
            "uar_difference": self.uar_difference.as_dict(),
            "macro_f1_difference": self.macro_f1_difference.as_dict(),
            "confusion_difference": self.confusion.tolist(),
            "per_speaker_uar": {name: list(pair) for name, pair in self.per_speaker.items()},
            "flips": [one.as_dict() for one in self.flips],
        }


def paired(name: str, first: Output, second: Output) -> Paired | None:
    """Compare one output of both sides; nothing where they share no clip.

    Args:
        name: Of the output.
        first: Of the first side; clips that only one side has are left out.
        second: Of the second side, with the same classes.

    Raises:
        ValueError: A clip has another speaker or truth on the other side.
    """
    shared = [clip for clip in first.clips if clip in second.clips]
    if not shared:
        return None
    if any(first.clips[clip] != second.clips[clip] for clip in shared):
        raise ValueError("a clip has another speaker or another truth on the other side")
    place = {label: index for index, label in enumerate(first.labels)}
    truth = np.array([place[first.clips[clip].truth] for clip in shared])
    speakers = [first.clips[clip].speaker for clip in shared]
    order, one = _stack(truth, [place[first.heard[clip]] for clip in shared], speakers, len(place))
    _, two = _stack(truth, [place[second.heard[clip]] for clip in shared], speakers, len(place))
    flips = [
        Flip(clip, first.clips[clip].speaker, first.clips[clip].truth, first.heard[clip], second.heard[clip])
        for clip in shared
        if first.heard[clip] != second.heard[clip]
    ]
    totals = one.sum(axis=0), two.sum(axis=0)
    return Paired(
        output=name,
        labels=first.labels,
        clips=len(shared),
        uar=(float(uar(totals[0])), float(uar(totals[1]))),
        macro_f1=(float(macro_f1(totals[0])), float(macro_f1(totals[1]))),
        uar_difference=paired_difference(two, one, uar),
        macro_f1_difference=paired_difference(two, one, macro_f1),
        confusion=totals[1] - totals[0],
        per_speaker={
            who: (float(uar(one[index])), float(uar(two[index]))) for index, who in enumerate(order)
        },
        flips=tuple(flips),
    )


def _stack(
    truth: NDArray[np.int64], heard: Sequence[int], speakers: Sequence[str], classes: int
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    return speaker_confusions(truth, np.array(heard), speakers, classes)
