"""Streaming to a device that keeps its own time, on a virtual clock; and the chip's figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.evidence import Evidence
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.reference.device import ReferenceDevice, SegmentScores
from hil.chip.stages import describe_chip, fusion_bytes
from hil.rig.observations import Segment
from hil.rig.rerecord import CHANNELS, through
from hil.rig.stream import observe
from tests.support.in_memory import InMemory


class TimedEngine(ReferenceDevice):
    """A device whose timer is exact: each stage takes a fixed time per window."""

    def score_segment(self, pcm: PCM) -> SegmentScores:
        scores = super().score_segment(pcm)
        count = scores.windows
        times = {
            "features": 10000 * count,
            "tail": 100 * count,
            "scaling": 50 * count,
            "acoustic": 4000 * count,
            "keyword": 2000 * count,
            "fusion": 5 * count,
        }
        return replace(scores, stage_us=times)


class OffByOne(ReferenceDevice):
    """A chip whose front-end rounds one value differently."""

    def segment_features(self, pcm: PCM) -> list[np.ndarray]:
        windows = [window.copy() for window in super().segment_features(pcm)]
        for values in windows:
            values[3, 5] += 1
        return windows


@pytest.fixture(scope="module")
def chip(bundle: Bundle) -> Any:
    return describe_chip(bundle, 48, 16)


def test_a_device_that_keeps_time_replaces_the_estimates(
    bundle: Bundle, segments: list[Segment], chip: Any
) -> None:
    seen = observe(InMemory(TimedEngine(bundle)), bundle, segments[:5], through(CHANNELS["clean"]), chip)
    stages = seen.chip.stages_ms
    assert {name: stage.value for name, stage in stages.items()} == {
        "tail": 0.1,
        "scaling": 0.05,
        "acoustic": 4.0,
        "keyword": 2.0,
        "fusion": 0.005,
    }
    assert {stage.evidence for stage in stages.values()} == {Evidence.EMULATED}
    assert seen.device_ram_bytes == 2
    assert seen.features_lsb.max() == seen.scores_lsb.max() == 0


def test_one_value_rounded_differently_is_seen(bundle: Bundle, segments: list[Segment], chip: Any) -> None:
    seen = observe(InMemory(OffByOne(bundle)), bundle, segments[:2], through(CHANNELS["clean"]), chip)
    assert seen.features_lsb.tolist() == [1, 1]
    assert seen.example is not None
    assert np.argwhere(seen.example.device != seen.example.host).tolist() == [[3, 5]]


def test_what_the_channel_does_reaches_the_device(bundle: Bundle, segments: list[Segment], chip: Any) -> None:
    quiet = CHANNELS["clean"].model_copy(update={"self_noise_dbfs": -40.0})
    clean, noisy = (
        observe(InMemory(TimedEngine(bundle)), bundle, segments[:1], through(channel), chip)
        for channel in (CHANNELS["clean"], quiet)
    )
    assert clean.example is not None and noisy.example is not None
    assert not np.array_equal(clean.example.device, noisy.example.device)
    assert noisy.features_lsb.max() == 0, "the same samples on both sides"


def test_the_keywords_own_guess_is_computed(bundle: Bundle, segments: list[Segment], chip: Any) -> None:
    seen = observe(InMemory(TimedEngine(bundle)), bundle, segments[:4], through(CHANNELS["clean"]), chip)
    assert seen.vote.shape == seen.fused.shape
    assert seen.keyword_truth.tolist() == [-1, 1, -1, 1]
    assert seen.heard == ("anna", "ben", "cleo")


def test_the_chip_is_described_with_sources(bundle: Bundle, chip: Any) -> None:
    assert [region.name for region in chip.regions] == ["ITCM", "DTCM", "OCRAM", "SDRAM", "Edge TPU"]
    assert all(region.source and region.used_bytes <= region.limit_bytes for region in chip.regions)
    assert list(chip.stages_ms) == ["features", "scaling", "acoustic network", "keyword network", "fusion"]
    for stage in chip.stages_ms.values():
        assert stage.evidence is Evidence.ESTIMATED
        assert stage.source
        assert stage.interval is not None and stage.interval[0] <= stage.value <= stage.interval[1]
    assert chip.ops_off_tpu == 0


def test_fusion_bytes_by_hand() -> None:
    head = FusionHead.model_validate(
        {
            "weight": [[1, 2, 3], [4, 5, 6]],
            "bias": [1, 2],
            "zero_point": [0, 0, 0],
            "shift": 1,
            "output_scale": 1.0,
        }
    )
    assert fusion_bytes(head) == 2 * 6 + 4 * 2 + 3
