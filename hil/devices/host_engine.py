"""A bundle at work behind the protocol: the reference device, and what it says of itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bundle import Bundle
from firmware_bridge.evidence import Evidence
from firmware_bridge.protocol import Identity
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.reference_device import ReferenceDevice, SegmentScores

BUILD = "host device 1"


class HostEngine:
    """Computes what a device must answer for one bundle.

    Args:
        bundle: A bundle that was found whole.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._device = ReferenceDevice(bundle)

    def segment_features(self, pcm: PCM) -> list[NDArray[np.uint16]]:
        """Return the features of a segment, uint16[frames, channels] per window."""
        return self._device.segment_features(pcm)

    def score_segment(self, pcm: PCM) -> SegmentScores:
        """Return the mean of the windows' scores, and this host's time per stage."""
        return self._device.score_segment(pcm)

    @property
    def identity(self) -> Identity:
        """What the device answers to `hello`."""
        manifest, windowing = self._bundle.manifest, self._device.windowing
        branches = ("acoustic", "keyword")
        scales = {
            name: (manifest.models[name].output_scale, manifest.models[name].output_zero_point)
            for name in branches
        }
        return Identity(
            build=BUILD,
            bundle=self._bundle.id,
            evidence=Evidence.SIMULATED.value,
            labels=len(manifest.labels),
            keywords=len(manifest.keywords),
            window_samples=windowing.window_samples,
            hop_samples=windowing.hop_samples,
            frames=self._device.window_frames,
            channels=self._device.frontend.spec.channels,
            scales={**scales, "fused": (self._device.fusion.output_scale, 0)},
        )
