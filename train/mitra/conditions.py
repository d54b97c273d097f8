"""Noise, as in Table 1 of Mitra et al.: what a system loses at 15 and at 5 dB against clean speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from train.evaluation.bootstrap import Interval
from train.evaluation.heard import CLEAN, DIMENSIONS, Heard, Truth
from train.evaluation.metrics import ccc
from train.mitra.paired import compare_pair


@dataclass(frozen=True)
class Loss:
    """One system in one condition against itself in clean speech.

    Attributes:
        system: Which.
        condition: `15 dB`, …
        uar: Its UAR there minus its clean UAR, with the interval over speakers.
        ccc: The same difference of valence, arousal and dominance, where there are any.
    """

    system: str
    condition: str
    uar: Interval
    ccc: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def noise_losses(truth: Truth, systems: Sequence[Heard], resamples: int = 2000, seed: int = 0) -> list[Loss]:
    """Return what every system that was heard clean and otherwise loses; nothing for others."""
    clean = {one.system: one for one in systems if one.condition == CLEAN}
    losses = []
    for one in systems:
        if one.condition == CLEAN or one.system not in clean:
            continue
        quiet = clean[one.system]
        pair = compare_pair(truth, one, quiet, resamples, seed)
        lost = {}
        if truth.dimensions is not None and one.dimensions is not None and quiet.dimensions is not None:
            for column, name in enumerate(DIMENSIONS):
                values = truth.dimensions[:, column]
                lost[name] = ccc(values, one.dimensions[:, column]) - ccc(values, quiet.dimensions[:, column])
        losses.append(Loss(one.system, one.condition, pair.difference, lost))
    return losses
