"""The seam between the protocol and the computing behind it: what a device must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.int16]
NO_SLOT = 255


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
        """Time per stage (see `segment.STAGES`) in microseconds, all windows together."""


class Engine(Protocol):
    """Computes features and scores; `firmware_bridge.reference.device.ReferenceDevice` is one."""

    def segment_features(self, pcm: PCM) -> Sequence[NDArray[np.uint16]]:
        """Return the features of a segment, uint16[frames, channels] per window: slices of one stream."""

    def score_segment(self, pcm: PCM) -> Scores:
        """Return the segment's scores (the mean over its windows)."""


@dataclass(frozen=True)
class Identity:
    """What a device says about itself in answer to `hello`.

    Attributes:
        build: Name and version of the program or firmware.
        bundle: The bundle's id (hexadecimal).
        evidence: What its figures are worth (see `firmware_bridge.base.evidence`).
        labels: Number of emotion labels.
        keywords: Number of keyword scores.
        window_samples: Length of a window.
        hop_samples: Distance between windows.
        frames: Feature frames in a window.
        channels: Feature channels.
        scales: (scale, zero point) of the `acoustic`, `keyword` and `fused` scores.
        frontend: Hash of the front-end's tables.
        acoustic_sha256: SHA-256 of the acoustic network's file.
        keyword_sha256: SHA-256 of the keyword network's file.
        slot: The slot of flash that holds the bundle; `NO_SLOT` where there is no bundle.
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
    frontend: str = ""
    acoustic_sha256: str = ""
    keyword_sha256: str = ""
    slot: int = 0

    def full_windows(self, samples: int) -> int:
        """Return how many windows are complete when so many samples of a segment have come."""
        return 0 if samples < self.window_samples else 1 + (samples - self.window_samples) // self.hop_samples


@dataclass(frozen=True)
class MemoryMarks:
    """Memory in bytes; 0 where the port cannot tell."""

    ram_bytes: int = 0
    ram_peak_bytes: int = 0
    stack_peak_bytes: int = 0
