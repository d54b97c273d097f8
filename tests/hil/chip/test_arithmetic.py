"""A bundle under the chip's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES, Halves, Unknowns
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from hil.chip.arithmetic import CLIPS, ModelledNetwork, hear, modelled_device, spread

DICE = np.random.default_rng(4)
SOUNDS = [(DICE.standard_normal(n) * 2000).astype(np.int16) for n in (8000, 12000, 9000)]


def test_segments_are_spread_over_the_run() -> None:
    assert spread(3).tolist() == [0, 1, 2]
    found = spread(240)
    assert len(found) == CLIPS
    assert (found[0], found[-1]) == (0, 239)
    assert set(np.diff(found).tolist()) <= {10, 11}
    assert spread(1).tolist() == [0]


def test_one_layer_under_the_chips_arithmetic_is_its_formula(bundle: Bundle) -> None:
    """A dense layer with one scale, by hand: zero point + round(clip(float32(m) * sum))."""
    model = bundle.path(bundle.manifest.models["acoustic"])
    network = ModelledNetwork(model, Unknowns(Halves.EVEN))
    graph = network._chip.graph
    weights = np.asarray(graph.tensors[1].values(), np.int64)
    features = DICE.integers(-128, 128, weights.shape[1]).astype(np.int8)
    scales = [np.float32(graph.tensors[i].quantization.scale) for i in range(3)]
    m = np.float32(np.float32(scales[0] * scales[1]) * np.float32(np.float32(1) / scales[2]))
    total = (weights @ features.astype(np.int64)).astype(np.float32)
    wanted = np.clip(np.rint((total * m).astype(np.float64)), -128, 127).astype(np.int8)
    assert np.array_equal(network.run(features), wanted)


def test_every_alternative_is_heard_and_kept_apart(bundle: Bundle) -> None:
    found = hear(bundle, SOUNDS, np.array([4, 8, 9]))
    assert found.clips.tolist() == [4, 8, 9]
    assert len(set(found.alternatives)) == len(ALTERNATIVES) == 6
    assert found.chip["fused"].shape == (6, 3, 3)
    kernels = ReferenceDevice(bundle)
    for clip, pcm in enumerate(SOUNDS):
        assert np.array_equal(found.reference["acoustic"][clip], kernels.score_segment(pcm).acoustic)
        for place, unknowns in enumerate(ALTERNATIVES):
            one = modelled_device(bundle, unknowns).score_segment(pcm)
            assert np.array_equal(found.chip["keyword"][place, clip], one.keyword)
    assert found.worst_lsb("acoustic") <= 1


def test_other_winners_and_lsb_are_counted(bundle: Bundle) -> None:
    found = hear(bundle, SOUNDS, alternatives=ALTERNATIVES[:2])
    assert found.other_winners("fused").tolist() == pytest.approx([0, 0], abs=1)
    found.chip["fused"][1] = -found.reference["fused"].astype(np.int16).clip(-127, 127)
    wanted = int((found.chip["fused"][1].argmax(-1) != found.reference["fused"].argmax(-1)).sum())
    assert found.other_winners("fused")[1] == wanted > 0
    assert found.worst_lsb("fused") > 1
