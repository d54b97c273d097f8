"""What the device computes, written on the laptop: the answer that every port must give.

PCM to windows, windows to features, features to int8, both networks, fusion, mean over windows. All of
it is integer arithmetic, so a device either gives these numbers or is wrong.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bundle import Bundle
from firmware_bridge.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from firmware_bridge.simulated_tpu import Int8Network
from firmware_bridge.windows import Windowing

Scores = NDArray[np.int8]


@dataclass(frozen=True)
class WindowScores:
    """The int8 scores of one window, and how long each stage took on this host.

    Attributes:
        acoustic: int8[labels], logits of the acoustic network.
        keyword: int8[keywords], posteriors of the keyword network.
        fused: int8[labels], logits after late fusion.
        stage_us: Host microseconds by stage; never a statement about the chip.
    """

    acoustic: Scores
    keyword: Scores
    fused: Scores
    stage_us: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentScores:
    """The mean scores of a segment's windows, rounded half up in integers."""

    acoustic: Scores
    keyword: Scores
    fused: Scores
    windows: int


def mean_score(scores: list[Scores]) -> Scores:
    """Return the mean of int8 score vectors, rounded half up, in exact integers."""
    total = np.stack(scores).astype(np.int64).sum(axis=0)
    mean: Scores = ((2 * total + len(scores)) // (2 * len(scores))).astype(np.int8)
    return mean


class ReferenceDevice:
    """A bundle at work on the host."""

    def __init__(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.windowing = Windowing(window_ms=manifest.window_ms, hop_ms=manifest.hop_ms)
        self.frontend = MicroFrontend(FrontendSpec.from_dict(manifest.frontend))
        self.scaling = InputScaling.from_dict(manifest.scaling)
        self.acoustic = Int8Network(bundle.path(manifest.models["acoustic"]))
        self.keyword = Int8Network(bundle.path(manifest.models["keyword"]))
        self.fusion = FusionHead.from_dict(manifest.fusion)

    def windows(self, pcm: NDArray[np.int16]) -> list[NDArray[np.int16]]:
        """Return the windows of a segment (see `Windowing.cut`)."""
        return self.windowing.cut(pcm)

    def features(self, window: NDArray[np.int16]) -> NDArray[np.uint16]:
        """Return uint16[frames, channels] of one window int16[window_samples]."""
        return self.frontend.process(window)

    def score_window(self, window: NDArray[np.int16]) -> WindowScores:
        """Score one window int16[window_samples]."""
        marks = [time.perf_counter()]
        features = self.features(window)
        marks.append(time.perf_counter())
        scaled = self.scaling.apply(features)
        acoustic = self.acoustic.run(scaled)
        marks.append(time.perf_counter())
        keyword = self.keyword.run(scaled)
        marks.append(time.perf_counter())
        fused = self.fusion.apply(np.concatenate([acoustic, keyword]))
        marks.append(time.perf_counter())
        spans = [int((b - a) * 1e6) for a, b in itertools.pairwise(marks)]
        stages = dict(zip(("features", "acoustic", "keyword", "fusion"), spans, strict=True))
        return WindowScores(acoustic, keyword, fused, stages)

    def score_segment(self, pcm: NDArray[np.int16]) -> SegmentScores:
        """Score a segment int16[samples] of any length: the mean over its windows."""
        scored = [self.score_window(window) for window in self.windows(pcm)]
        return SegmentScores(
            mean_score([one.acoustic for one in scored]),
            mean_score([one.keyword for one in scored]),
            mean_score([one.fused for one in scored]),
            len(scored),
        )
