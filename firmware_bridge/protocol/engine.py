"""The seam between the protocol and the computing behind it: what a device must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.int16]


class Scores(Protocol):
    """The scores of a segment: int8 per branch, and the time per stage in microseconds."""

    @property
    def acoustic(self) -> NDArray[np.int8]:
        """One score per label, from the acoustic branch."""

    @property
    def keyword(self) -> NDArray[np.int8]:
        """One score per keyword."""

    @property
    def fused(self) -> NDArray[np.int8]:
        """One score per label, from the fusion head."""

    @property
    def stage_us(self) -> Mapping[str, Any]:
        """Time per stage (`features`, `acoustic`, `keyword`, `fusion`) in microseconds."""


class Engine(Protocol):
    """Computes features and scores; `firmware_bridge.reference_device.ReferenceDevice` is one."""

    def windows(self, pcm: PCM) -> Sequence[PCM]:
        """Cut a segment into the windows that are scored."""

    def features(self, window: PCM) -> NDArray[np.uint16]:
        """Return the features uint16[frames, channels] of one window."""

    def score_segment(self, pcm: PCM) -> Scores:
        """Return the segment's scores (the mean over its windows)."""


@dataclass(frozen=True)
class Identity:
    """What a device says about itself in answer to `hello`.

    Attributes:
        build: Name and version of the program or firmware.
        bundle: The bundle's id (hexadecimal).
        evidence: What its figures are worth (see `firmware_bridge.evidence`).
        labels: Number of emotion labels.
        keywords: Number of keyword scores.
        window_samples: Length of a window.
        hop_samples: Distance between windows.
        frames: Feature frames in a window.
        channels: Feature channels.
        scales: (scale, zero point) of the `acoustic`, `keyword` and `fused` scores.
    """

    build: str
    bundle: str
    evidence: str
    labels: int
    keywords: int
    window_samples: int
    hop_samples: int
    frames: int
    channels: int
    scales: Mapping[str, tuple[float, int]]


@dataclass(frozen=True)
class MemoryMarks:
    """Memory in bytes; 0 where the port cannot tell."""

    ram_bytes: int = 0
    ram_peak_bytes: int = 0
    stack_peak_bytes: int = 0
