"""The report's pictures: the same bytes for the same run, and what differs is seen where it belongs."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.chip.regions import Part, Region
from hil.report import pictures
from hil.report.model import scorecards
from hil.rig.observations import Example, Observations
from tests.support.observations import observations


def pixels(address: str) -> NDArray[np.float64]:
    """Return a picture as float64[height, width, colours] from its data address."""
    from matplotlib.image import imread

    head, data = address.split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(imread(io.BytesIO(base64.b64decode(data, validate=True)), format="png"), np.float64)


def changed_columns(first: str, second: str) -> tuple[float, float]:
    """Return from where to where two pictures differ, as shares of the width."""
    one, other = pixels(first), pixels(second)
    assert one.shape == other.shape
    places = np.flatnonzero((one != other).any(axis=(0, 2)))
    assert len(places)
    return places[0] / one.shape[1], (places[-1] + 1) / one.shape[1]


def example(**changes: Any) -> Example:
    host = np.random.default_rng(3).integers(0, 600, (48, 16)).astype(np.uint16)
    return replace(Example("clip07", host, host.copy()), **changes)


def chip(**changes: Any) -> Observations:
    seen = observations()
    return replace(seen, chip=replace(seen.chip, **changes))


class TestSpectrograms:
    def test_the_same_run_gives_the_same_bytes(self) -> None:
        assert pictures.spectrograms(example()) == pictures.spectrograms(example())

    def test_one_value_that_differs_shows_in_device_and_difference_not_in_host(self) -> None:
        wrong = example().device.copy()
        wrong[20:30, 4:12] += 1  # one step, so that no scale changes
        low, high = changed_columns(
            pictures.spectrograms(example()), pictures.spectrograms(example(device=wrong))
        )
        assert low > 1 / 3
        assert high > 2 / 3

    def test_an_answer_of_another_shape_is_a_picture_not_a_crash(self) -> None:
        short = example(device=example().device[:-1])
        assert pixels(pictures.spectrograms(short)).std() > 0

    def test_silence_has_a_scale_too(self) -> None:
        nothing = np.zeros((4, 3), np.uint16)
        assert pixels(pictures.spectrograms(Example("silence", nothing, nothing))).std() > 0

    def test_numbers_above_int16_do_not_wrap(self) -> None:
        """uint16 features: 65535 against 0 is 65535 LSB, not -1."""
        loud = np.full((4, 3), 65535, np.uint16)
        wrong = Example("loud", np.zeros((4, 3), np.uint16), loud)
        right = Example("loud", loud, loud)
        low, _ = changed_columns(pictures.spectrograms(wrong), pictures.spectrograms(right))
        assert low < 1 / 3, "the host's panel differs as well"


class TestConfusions:
    def test_one_panel_for_each_output(self) -> None:
        cards = scorecards(observations())
        one = pixels(pictures.confusions({"fused": cards["fused"]}))
        three = pixels(pictures.confusions({name: cards[name] for name in ("acoustic", "keyword", "fused")}))
        assert three.shape[0] == one.shape[0]
        assert three.shape[1] == pytest.approx(3 * one.shape[1], abs=3)

    def test_a_class_that_nobody_spoke_is_no_division_by_zero(self) -> None:
        truth = np.where(observations().truth == 2, 1, observations().truth)
        card = scorecards(observations(truth=truth))["fused"]
        assert np.array(card.confusion)[2].sum() == 0
        assert np.isfinite(pixels(pictures.confusions({"fused": card}))).all()

    def test_other_answers_are_another_picture(self) -> None:
        good = scorecards(observations())["fused"]
        worse = scorecards(observations(fused=observations().acoustic))["fused"]
        assert pictures.confusions({"fused": good}) != pictures.confusions({"fused": worse})


class TestMemory:
    def test_one_bar_for_each_region(self) -> None:
        few = chip(regions=observations().chip.regions[:1])
        heights = [pixels(pictures.memory_map(seen)).shape[0] for seen in (few, observations())]
        assert heights[1] > 2 * heights[0]

    def test_more_of_a_region_fills_more_of_its_bar(self) -> None:
        def filled(used: int) -> str:
            parts = (Part("code", used), Part("data", 100_000))
            return pictures.memory_map(chip(regions=(Region("OCRAM", 1_000_000, parts),)))

        blue = np.array([0x1F, 0x77, 0xB4]) / 255  # the first colour of the map
        counts = [
            int((np.abs(pixels(filled(used))[:, :, :3] - blue).max(axis=2) < 0.02).sum())
            for used in (100_000, 400_000, 800_000)
        ]
        assert counts[1] == pytest.approx(4 * counts[0], rel=0.15)
        assert counts[2] == pytest.approx(8 * counts[0], rel=0.15)


class TestLatency:
    def test_with_and_without_a_promise(self) -> None:
        assert pictures.latency_bars(observations(), 25.0) != pictures.latency_bars(observations(), None)

    def test_ends_of_the_sum(self) -> None:
        assert pictures._end(observations(), 0) == pytest.approx(8.1)
        assert pictures._end(observations(), 1) == pytest.approx(13.2)

    def test_a_stage_without_an_interval_counts_as_it_is(self) -> None:
        stages = dict(observations().chip.stages_ms) | {"fusion": Quantity(0.5, "ms", Evidence.ESTIMATED)}
        seen = chip(stages_ms=stages)
        assert pictures._end(seen, 0) == pytest.approx(8.6)
        assert pixels(pictures.latency_bars(seen, 25.0)).std() > 0
