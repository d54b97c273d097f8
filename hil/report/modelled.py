"""What a run's scores become under the chip's arithmetic: rows for tables and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Evidence
from hil.checks.accuracy import leaked_speakers
from hil.chip.arithmetic import OUTPUTS
from hil.rig.observations import NO_KEYWORD, Observations
from train.evaluation.bootstrap import speaker_confusions
from train.evaluation.metrics import macro_f1


@dataclass(frozen=True)
class ModelledRow:
    """One output.

    Attributes:
        output: Its name.
        clips: How many clips were heard again.
        other_winners: Fewest and most clips with another winner, over the alternatives.
        worst_lsb: Largest difference of a score.
        macro_f1: Under the reference kernels, on these clips; None where no score may be printed.
        macro_f1_chip: Lowest and highest over the alternatives.
    """

    output: str
    clips: int
    other_winners: tuple[int, int]
    worst_lsb: int
    macro_f1: float | None = None
    macro_f1_chip: tuple[float, float] | None = None
    evidence: str = Evidence.MODELLED.value

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON-ready data."""
        return asdict(self)


def modelled_rows(seen: Observations) -> list[ModelledRow]:
    """Return a row per output; none where the chip's arithmetic was not run."""
    modelled = seen.modelled
    if isinstance(modelled, str):
        return []
    rows = []
    for name in OUTPUTS:
        counts = modelled.other_winners(name)
        ends = int(counts.min()), int(counts.max())
        rows.append(
            ModelledRow(name, len(modelled.clips), ends, modelled.worst_lsb(name), *_scores(seen, name))
        )
    return rows


def _scores(seen: Observations, output: str) -> tuple[float | None, tuple[float, float] | None]:
    """Return macro-F1 under the reference kernels, and its ends over the alternatives."""
    modelled = seen.modelled
    assert not isinstance(modelled, str)
    truth = (seen.keyword_truth if output == "keyword" else seen.truth)[modelled.clips]
    asked = truth != NO_KEYWORD
    if leaked_speakers(seen) or not asked.any():
        return None, None
    classes = modelled.reference[output].shape[-1]
    speakers = tuple(np.array(seen.speakers)[modelled.clips][asked])

    def figure(scores: NDArray[np.int8]) -> float:
        stack = speaker_confusions(truth[asked], scores[asked].argmax(axis=1), speakers, classes)[1]
        return round(float(macro_f1(stack.sum(axis=0))), 4)

    found = [figure(scores) for scores in modelled.chip[output]]
    return figure(modelled.reference[output]), (min(found), max(found))
