"""How many decisions on real clips the chip's arithmetic could change: a bundle under every alternative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hil.chip.arithmetic import OUTPUTS, hear

if TYPE_CHECKING:
    from edgetpu_models.numeric.chip_arithmetic import Unknowns
    from firmware_bridge.contract.bundle import Bundle


@dataclass(frozen=True)
class Flips:
    """Decisions of a bundle that differ from the reference kernels'.

    Attributes:
        clips: How many clips were heard.
        fewest: Output to fewest clips with another winner, over the alternatives.
        most: Output to most.
        worst_lsb: Output to largest difference of a score, LSB, over all alternatives.
    """

    clips: int
    fewest: dict[str, int]
    most: dict[str, int]
    worst_lsb: dict[str, int]
    evidence: str = "modelled"

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready data."""
        return asdict(self)


def count_flips(
    bundle: Bundle, sounds: Sequence[NDArray[np.int16]], alternatives: Sequence[Unknowns]
) -> Flips:
    """Hear every clip under the reference kernels and under each alternative of the chip's arithmetic.

    Args:
        bundle: The bundle.
        sounds: int16[samples] at 16 kHz, one per clip.
        alternatives: Choices for what is not known of the chip.
    """
    heard = hear(bundle, sounds, alternatives=alternatives)
    counts = {name: heard.other_winners(name) for name in OUTPUTS}
    return Flips(
        len(sounds),
        {name: int(c.min()) for name, c in counts.items()},
        {name: int(c.max()) for name, c in counts.items()},
        {name: heard.worst_lsb(name) for name in OUTPUTS},
    )
