"""How far an int8 network is from the float network that it was made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parity:
    """Float against int8 on the same clips.

    Attributes:
        clips: How many clips were compared.
        agreement: Share of clips with the same best class.
        logit_rmse: Root mean square difference of the logits, in the float network's units.
        logit_std: Standard deviation of the float logits, for scale.
    """

    clips: int
    agreement: float
    logit_rmse: float
    logit_std: float

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready data."""
        return asdict(self)


def compare(
    float_logits: NDArray[np.float32], int8_scores: NDArray[np.int8], scale: float, zero_point: int
) -> Parity:
    """Compare float logits with the int8 network's scores.

    Args:
        float_logits: float32[clips, classes].
        int8_scores: int8[clips, classes].
        scale: Real value of one int8 step.
        zero_point: The int8 step that means 0.

    Raises:
        ValueError: The shapes differ.
    """
    if float_logits.shape != int8_scores.shape:
        raise ValueError(f"float {float_logits.shape} and int8 {int8_scores.shape} differ in shape")
    real = (int8_scores.astype(np.float64) - zero_point) * scale
    same = float_logits.argmax(1) == int8_scores.argmax(1)
    return Parity(
        clips=len(float_logits),
        agreement=float(same.mean()),
        logit_rmse=float(np.sqrt(np.mean((real - float_logits) ** 2))),
        logit_std=float(float_logits.std()),
    )
