"""A bundle under the chip's arithmetic as compiled files show it, in place of int8 reference kernels.

What no record says (halves, tables) is run in every alternative, so that figures are an interval over these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.progress import track
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.reference.device import ReferenceDevice, SegmentScores
from firmware_bridge.reference.simulated_tpu import Int8Network

if TYPE_CHECKING:
    from edgetpu_models.numeric.chip_arithmetic import Unknowns

OUTPUTS = ("acoustic", "keyword", "fused")
# So many of a run's segments are heard again, spread over all: six alternatives take a second each.
CLIPS = 24


class ModelledNetwork(Int8Network):
    """A network under the chip's arithmetic in place of the reference kernels; the same shapes and scales.

    Raises:
        InvalidSetting: The chip's arithmetic of an operation is not known.
    """

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


@dataclass(frozen=True, eq=False)
class Modelled:
    """Some clips under the reference kernels and under every alternative of the chip's arithmetic.

    Attributes:
        clips: int64[m], which segments of the run these are.
        alternatives: Names of the choices for what is not known.
        reference: Output to int8[m, classes].
        chip: Output to int8[alternatives, m, classes].
    """

    clips: NDArray[np.int64]
    alternatives: tuple[str, ...]
    reference: Mapping[str, NDArray[np.int8]]
    chip: Mapping[str, NDArray[np.int8]]

    def other_winners(self, output: str) -> NDArray[np.int64]:
        """Return int64[alternatives]: on how many clips another class wins than under the reference kernels."""
        wanted, found = self.reference[output].argmax(axis=-1), self.chip[output].argmax(axis=-1)
        return np.asarray((found != wanted).sum(axis=-1), np.int64)

    def worst_lsb(self, output: str) -> int:
        """Return the largest difference of a score over all clips and alternatives."""
        gap = self.chip[output].astype(np.int64) - self.reference[output].astype(np.int64)
        return int(np.abs(gap).max(initial=0))


def spread(count: int, most: int = CLIPS) -> NDArray[np.int64]:
    """Return which of `count` segments are heard again: at most `most`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def hear(
    bundle: Bundle,
    sounds: Sequence[PCM],
    clips: NDArray[np.int64] | None = None,
    reference: Sequence[SegmentScores] | None = None,
    alternatives: Sequence[Unknowns] | None = None,
) -> Modelled:
    """Hear sounds under every alternative of the chip's arithmetic.

    Args:
        bundle: The bundle.
        sounds: int16[samples] at 16 kHz, one per clip.
        clips: Which segments of a run these are; their numbers by default.
        reference: What the reference kernels said of each; asked here by default.
        alternatives: Choices for what is not known of the chip; all by default.

    Raises:
        InvalidSetting: The chip's arithmetic of an operation is not known.
    """
    from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES

    chosen = ALTERNATIVES if alternatives is None else alternatives
    chips = [modelled_device(bundle, unknowns) for unknowns in chosen]
    kernels = ReferenceDevice(bundle)
    wanted = list(reference) if reference is not None else [kernels.score_segment(pcm) for pcm in sounds]
    found = [
        [chip.score_segment(pcm) for chip in chips] for pcm in track(sounds, "under the chip's arithmetic")
    ]
    return Modelled(
        np.arange(len(sounds)) if clips is None else clips,
        tuple(unknowns.name for unknowns in chosen),
        {name: np.stack([getattr(one, name) for one in wanted]) for name in OUTPUTS},
        {name: np.stack([[getattr(one, name) for one in row] for row in found], axis=1) for name in OUTPUTS},
    )
