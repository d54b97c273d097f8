"""What the device computes, written on the laptop: the answer that every port must give.

PCM to one stream of features, windows as slices of it, features to int8, both networks, fusion, mean over
windows. All of it is integer arithmetic, so a device either gives these numbers or is wrong.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.microfrontend import MicroFrontend
from firmware_bridge.reference.simulated_tpu import Int8Network

Scores = NDArray[np.int8]
Features = NDArray[np.uint16]
WINDOW_STAGES = ("scaling", "acoustic", "keyword", "fusion")


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
    """The mean scores of a segment's windows, rounded half up in integers.

    Attributes:
        windows: How many there are.
        stage_us: Host microseconds by stage, all windows together. Here the features are computed when the
            last sample is there, so `tail`, what is left to do then, is all of them.
    """

    acoustic: Scores
    keyword: Scores
    fused: Scores
    windows: int
    stage_us: dict[str, int] = field(default_factory=dict)


def mean_score(scores: list[Scores]) -> Scores:
    """Return the mean of int8 score vectors, rounded half up, in exact integers."""
    total = np.stack(scores).astype(np.int64).sum(axis=0)
    mean: Scores = ((2 * total + len(scores)) // (2 * len(scores))).astype(np.int8)
    return mean


class ReferenceDevice:
    """A bundle at work on the host.

    Raises:
        InvalidSetting: The bundle's windows do not begin on a frame, or hold none.
    """

    def __init__(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.windowing = manifest.windowing
        self.frontend = MicroFrontend(manifest.frontend)
        self.window_frames, self.hop_frames = self.windowing.frames_of(self.frontend.spec)
        self.scaling = manifest.scaling
        self.acoustic = Int8Network(bundle.path(manifest.models["acoustic"]))
        self.keyword = Int8Network(bundle.path(manifest.models["keyword"]))
        self.fusion = manifest.fusion

    def segment_features(self, pcm: NDArray[np.int16]) -> list[Features]:
        """Return the features of a segment, uint16[frames, channels] for each window.

        One stream runs from the segment's start to its end and each window is a slice of it: a front-end
        that remembers (noise reduction) knows what came before the window. A segment shorter than one
        window is padded with zeros at its end; of a longer one only full windows are used.

        Args:
            pcm: int16[samples] at 16 kHz.

        Raises:
            InvalidSetting: The segment is not one-dimensional int16, or empty.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1 or pcm.size == 0:
            raise InvalidSetting(
                f"a segment must be int16[samples], not {pcm.dtype}{list(pcm.shape)}",
                "read the file with firmware_bridge.sound.audio.read_audio",
            )
        padded = np.pad(pcm, (0, max(0, self.windowing.window_samples - pcm.size)))
        stream = self.frontend.process(padded)
        starts = range(0, self.windowing.count(pcm.size) * self.hop_frames, self.hop_frames)
        return [stream[start : start + self.window_frames] for start in starts]

    def score_features(self, features: Features) -> WindowScores:
        """Score one window, given as its features uint16[frames, channels]."""
        marks = [time.perf_counter()]
        scaled = self.scaling.apply(features)
        marks.append(time.perf_counter())
        acoustic = self.acoustic.run(scaled)
        marks.append(time.perf_counter())
        keyword = self.keyword.run(scaled)
        marks.append(time.perf_counter())
        fused = self.fusion.apply(np.concatenate([acoustic, keyword]))
        marks.append(time.perf_counter())
        spans = [int((b - a) * 1e6) for a, b in itertools.pairwise(marks)]
        return WindowScores(acoustic, keyword, fused, dict(zip(WINDOW_STAGES, spans, strict=True)))

    def score_segment(self, pcm: NDArray[np.int16]) -> SegmentScores:
        """Score a segment int16[samples] of any length: the mean over its windows."""
        started = time.perf_counter()
        windows = self.segment_features(pcm)
        features_us = int((time.perf_counter() - started) * 1e6)
        scored = [self.score_features(window) for window in windows]
        return SegmentScores(
            mean_score([one.acoustic for one in scored]),
            mean_score([one.keyword for one in scored]),
            mean_score([one.fused for one in scored]),
            len(scored),
            {"features": features_us, "tail": features_us}
            | {stage: sum(one.stage_us[stage] for one in scored) for stage in WINDOW_STAGES},
        )
