"""A microphone that hears a recording, at the recording's own pace."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16000
QUEUE_SAMPLES = SAMPLE_RATE_HZ  # what a port holds until the core takes it: one second


class Microphone(Protocol):
    """What the core asks of a microphone."""

    def take(self, most: int) -> tuple[NDArray[np.int16], int]:
        """Return up to `most` samples, and how many were lost since this was last asked."""

    def power(self, on: bool) -> None:
        """Switch it on (it hears from now on) or off."""


class RecordedMicrophone:
    """Plays a recording from its start whenever it is switched on; silence follows.

    Args:
        pcm: int16[samples] at 16 kHz.
        clock: Monotonic seconds; None: samples come as fast as they are taken, and none is ever lost.
    """

    def __init__(self, pcm: NDArray[np.int16], clock: Callable[[], float] | None = time.monotonic) -> None:
        self._pcm, self._clock = pcm, clock
        self._began = 0.0
        self._place = 0
        self._on = False

    def power(self, on: bool) -> None:
        """Begin again from the recording's first sample, or fall silent."""
        self._on, self._place = on, 0
        self._began = self._clock() if self._clock else 0.0

    def take(self, most: int) -> tuple[NDArray[np.int16], int]:
        """Return the samples that have come, and how many were lost because nobody took them."""
        if not self._on:
            return np.zeros(0, np.int16), 0
        heard = self._place + most
        if self._clock:
            heard = round((self._clock() - self._began) * SAMPLE_RATE_HZ)
        elif self._place >= len(self._pcm):
            return np.zeros(0, np.int16), 0
        lost = max(0, heard - self._place - QUEUE_SAMPLES)
        self._place += lost
        count = min(most, heard - self._place)
        part = self._pcm[self._place : self._place + count]
        if self._clock:
            part = np.pad(part, (0, count - len(part)))
        self._place += len(part)
        return part, lost
