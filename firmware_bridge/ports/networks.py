"""The far side of a simulated mailbox: networks by number, computed with int8 reference kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.reference.simulated_tpu import Int8Network

LOADED, ARENA, SHAPE, BROKEN = 0, 1, 2, 3  # `ut_load_status` of core/port.h


class Network(Protocol):
    """What is loaded; `Int8Network` is one."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    def run(self, features: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the int8 output, flat, for one int8 input."""


class Networks(Protocol):
    """The far side of a mailbox."""

    def unload(self, index: int) -> None:
        """Forget a network, where there is one."""

    def load(self, index: int, model: bytes, inputs: int, outputs: int) -> int:
        """Make a network ready; see `SimulatedNetworks.load`."""

    def infer(self, index: int, given: bytes, outputs: int) -> bytes | None:
        """Return the int8 output for an int8 input; None where that fails."""


class SimulatedNetworks:
    """Networks that a device has loaded.

    Args:
        make: Makes a network of a `.tflite`'s bytes.
    """

    def __init__(self, make: Callable[[bytes], Network] = Int8Network) -> None:
        self._make = make
        self._loaded: dict[int, Network] = {}

    def unload(self, index: int) -> None:
        """Forget a network, where there is one."""
        self._loaded.pop(index, None)

    def load(self, index: int, model: bytes, inputs: int, outputs: int) -> int:
        """Make a network ready, in the place of the one before.

        Args:
            index: Its number.
            model: A `.tflite` file's bytes.
            inputs: How many int8 values it must take.
            outputs: How many it must give.

        Returns:
            LOADED, SHAPE or BROKEN; then no network has this number.
        """
        self.unload(index)
        try:
            network = self._make(model)
        except ModelInvalid:
            return BROKEN
        if math.prod(network.input_shape) != inputs or math.prod(network.output_shape) != outputs:
            return SHAPE
        self._loaded[index] = network
        return LOADED

    def infer(self, index: int, given: bytes, outputs: int) -> bytes | None:
        """Return the int8 output for an int8 input; None where no such network is loaded, or it fails."""
        try:
            scores = self._loaded[index].run(np.frombuffer(given, np.int8))
        except (ModelInvalid, ValueError, RuntimeError, KeyError):
            return None
        return scores.astype(np.int8).tobytes() if len(scores) == outputs else None
