"""What is asked of a foundation model that reads the chip's own features; `encoder.py` is for waveforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.int8]
Sequences = npt.NDArray[np.float16]
Pooled = npt.NDArray[np.float32]


class Layered(Protocol):
    """Whatever has layers that can be cut at: both interfaces have."""

    def parameters_up_to(self, layer: str) -> int:
        """Return how many parameters the network has when it is cut after `layer`."""
        ...


class FoundationModel(Protocol):
    """A frozen network that turns feature windows into one sequence per layer."""

    @property
    def name(self) -> str:
        """Name that recipes use."""
        ...

    @property
    def licence(self) -> str:
        """Licence of the weights; it travels with whatever was learnt from them."""
        ...

    @property
    def frontend(self) -> str:
        """Name of the front-end preset whose features the network reads."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers worth ranking, from the input to the output."""
        ...

    def parameters_up_to(self, layer: str) -> int:
        """Return how many parameters the network has when it is cut after `layer`."""
        ...

    def sequences(
        self, features: Features, layers: Sequence[str] | None = None, keep_frequency: bool = False
    ) -> dict[str, Sequences]:
        """Return the activations of `layers` over time.

        Args:
            features: int8 [clips, frames, channels] from the front-end preset `frontend`.
            layers: Which layers; `None` for all.
            keep_frequency: Keep every frequency position as its own channel instead of their mean.

        Returns:
            Layer name to float16 [clips, steps, channels].
        """
        ...

    def pooled(
        self,
        features: Features,
        layers: Sequence[str] | None = None,
        keep_frequency: bool = False,
        lengths: npt.NDArray[np.int64] | None = None,
    ) -> dict[str, Pooled]:
        """Return the activations of `layers` averaged over time.

        Args:
            features: int8 [clips, frames, channels] from the front-end preset `frontend`.
            layers: Which layers; `None` for all.
            keep_frequency: Keep every frequency position as its own channel instead of their mean.
            lengths: Frames of each clip that are speech and not padding; `None` for all.

        Returns:
            Layer name to float32 [clips, channels].
        """
        ...
