"""An engine without a model: its features and scores are functions of the samples alone.

It proves a link, a cable or a port of the firmware before there is anything to compute:
one changed, lost or doubled sample changes every score.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.protocol.engine import PCM, Identity


@dataclass(frozen=True)
class LoopbackScores:
    """Scores made of the digest of the samples."""

    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    stage_us: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LoopbackEngine:
    """Features are the samples themselves, folded into frames; scores are the samples' digest.

    Attributes:
        window_samples: Length of a window, whole frames.
        hop_samples: Distance between windows, whole frames.
        channels: Feature channels; a frame holds as many samples.
        labels: Number of labels.
        keywords: Number of keywords.
    """

    window_samples: int = 1600
    hop_samples: int = 400
    channels: int = 40
    labels: int = 4
    keywords: int = 3

    @property
    def identity(self) -> Identity:
        """What a device with this engine answers to `hello`."""
        return Identity(
            build="loopback 1",
            bundle="00" * 16,
            evidence="simulated",
            labels=self.labels,
            keywords=self.keywords,
            window_samples=self.window_samples,
            hop_samples=self.hop_samples,
            frames=self.window_samples // self.channels,
            channels=self.channels,
            scales=dict.fromkeys(("acoustic", "keyword", "fused"), (1 / 256, -128)),
        )

    def segment_features(self, pcm: PCM) -> list[NDArray[np.uint16]]:
        """Return the samples, shifted to be unsigned, as uint16[frames, channels] of each full window.

        A segment shorter than a window is padded with zeros at its end.
        """
        padded = np.pad(pcm, (0, max(0, self.window_samples - len(pcm))))
        used = len(padded) // self.channels * self.channels
        stream = (padded[:used].astype(np.int32) + 32768).astype(np.uint16).reshape(-1, self.channels)
        starts = range(0, len(padded) - self.window_samples + 1, self.hop_samples)
        return [stream[s // self.channels : (s + self.window_samples) // self.channels] for s in starts]

    def score_segment(self, pcm: PCM) -> LoopbackScores:
        """Return the first bytes of the samples' SHA-512 as scores."""
        digest = np.frombuffer(hashlib.sha512(pcm.astype("<i2").tobytes()).digest(), np.int8)
        first, second = self.labels, self.labels + self.keywords
        return LoopbackScores(digest[:first], digest[first:second], digest[second : second + self.labels])
