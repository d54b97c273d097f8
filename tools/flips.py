"""How many decisions on real clips the chip's arithmetic could change: a bundle under every alternative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.simulated_tpu import Int8Network

if TYPE_CHECKING:
    from edgetpu_models.numeric.chip_arithmetic import Unknowns
    from firmware_bridge.contract.bundle import Bundle

OUTPUTS = ("acoustic", "keyword", "fused")


class ModelledNetwork(Int8Network):
    """A network under the chip's arithmetic in place of the reference kernels; the same shapes and scales."""

    def __init__(self, model: Path, unknowns: Unknowns | None = None) -> None:
        """Load a network; `unknowns` chooses what is not known of the chip."""
        from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel

        content = model.read_bytes()
        super().__init__(content)
        self._chip = EdgeTpuModel(content, unknowns)

    def run(self, features: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return int8[values of the output] for one input, as `Int8Network.run`."""
        super().run(features)  # checks size and type
        found = self._chip.tensors([features.reshape(self.input_shape)])
        return np.asarray(found[self._chip.graph.outputs[0]], np.int8).reshape(-1)


def modelled_device(bundle: Bundle, unknowns: Unknowns | None = None) -> ReferenceDevice:
    """Return a bundle at work under the chip's arithmetic."""
    device = ReferenceDevice(bundle)
    device.acoustic = ModelledNetwork(bundle.path(bundle.manifest.models["acoustic"]), unknowns)
    device.keyword = ModelledNetwork(bundle.path(bundle.manifest.models["keyword"]), unknowns)
    return device


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
    from firmware_bridge.base.progress import track

    reference, chips = ReferenceDevice(bundle), [modelled_device(bundle, u) for u in alternatives]
    counts = {name: np.zeros(len(chips), np.int64) for name in OUTPUTS}
    worst = dict.fromkeys(OUTPUTS, 0)
    for pcm in track(sounds, "hearing clips"):
        wanted = reference.score_segment(pcm)
        for number, chip in enumerate(chips):
            found = chip.score_segment(pcm)
            for name in OUTPUTS:
                a, b = (np.asarray(getattr(s, name), np.int64) for s in (wanted, found))
                counts[name][number] += int(a.argmax() != b.argmax())
                worst[name] = max(worst[name], int(np.abs(a - b).max()))
    return Flips(
        len(sounds),
        {name: int(c.min()) for name, c in counts.items()},
        {name: int(c.max()) for name, c in counts.items()},
        worst,
    )
