"""A bundle at work behind the protocol: the reference device, with its times added up per segment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bundle import Bundle
from firmware_bridge.evidence import Evidence
from firmware_bridge.protocol import Identity
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.protocol.segment import STAGES
from firmware_bridge.reference_device import ReferenceDevice, mean_score

BUILD = "host device 1"


@dataclass(frozen=True)
class TimedScores:
    """The mean scores of a segment, and the host's time per stage, in microseconds over all windows."""

    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    stage_us: dict[str, int]


class HostEngine:
    """Computes what a device must answer for one bundle.

    Args:
        bundle: A bundle that was found whole.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._device = ReferenceDevice(bundle)

    def windows(self, pcm: PCM) -> list[PCM]:
        """Cut a segment into the windows that are scored."""
        return self._device.windows(pcm)

    def features(self, window: PCM) -> NDArray[np.uint16]:
        """Return the features uint16[frames, channels] of one window."""
        return self._device.features(window)

    def score_segment(self, pcm: PCM) -> TimedScores:
        """Return the mean of the windows' scores, as `ReferenceDevice.score_segment` does."""
        scored = [self._device.score_window(window) for window in self.windows(pcm)]
        return TimedScores(
            mean_score([one.acoustic for one in scored]),
            mean_score([one.keyword for one in scored]),
            mean_score([one.fused for one in scored]),
            {stage: sum(one.stage_us.get(stage, 0) for one in scored) for stage in STAGES},
        )

    @property
    def identity(self) -> Identity:
        """What the device answers to `hello`."""
        manifest, windowing = self._bundle.manifest, self._device.windowing
        branches = ("acoustic", "keyword")
        scales = {
            name: (manifest.models[name].output_scale, manifest.models[name].output_zero_point)
            for name in branches
        }
        silence = np.zeros(windowing.window_samples, np.int16)
        frames, channels = self.features(silence).shape
        return Identity(
            build=BUILD,
            bundle=self._bundle.id,
            evidence=Evidence.SIMULATED.value,
            labels=len(manifest.labels),
            keywords=len(manifest.keywords),
            window_samples=windowing.window_samples,
            hop_samples=windowing.hop_samples,
            frames=frames,
            channels=channels,
            scales={**scales, "fused": (self._device.fusion.output_scale, 0)},
        )
