"""The keyword network: on the Edge TPU as a whole, any length, posteriors at its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edgetpu_models.analyse import analyse
from edgetpu_models.lint import lint, passes
from firmware_bridge.reference.simulated_tpu import Int8Network
from quantize.convert import to_int8
from train.keyword.network import KeywordSettings, build_keyword

STEP = 7.0 / 255.0
SMALL = KeywordSettings(channels=(8, 12, 16), reduction=4, kernel=3)


@pytest.fixture(autouse=True)
def seeded() -> None:
    import keras

    keras.utils.set_random_seed(20251120)


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    return np.random.default_rng(4).integers(-128, 128, (6, 48, 32)).astype(np.int8)


@pytest.fixture(scope="module")
def content(windows: np.ndarray) -> bytes:
    """The network with posteriors at its end, in int8."""
    import keras

    keras.utils.set_random_seed(20251120)
    return to_int8(build_keyword((48, 32), 4, SMALL, batch=1, posteriors=True), windows, STEP)


def test_every_operation_was_seen_on_the_edge_tpu_in_this_form(content: bytes) -> None:
    assert passes(lint(content))
    rows = analyse(content).rows
    assert [r.reason for r in rows if (r.target, r.ground) != ("edgetpu", "seen mapped")] == []
    assert {row.name for row in analyse(content).rows} <= {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "ADD",
        "MUL",
        "LOGISTIC",
        "MAX_POOL_2D",
        "SOFTMAX",
        "RESHAPE",
    }


def test_posteriors_sum_to_one_in_steps_of_a_256th(content: bytes, windows: np.ndarray) -> None:
    network = Int8Network(content)
    assert (network.output_scale, network.output_zero_point) == (1 / 256, -128)
    totals = (network.run_all(windows).astype(int) + 128).sum(1)
    assert np.abs(totals - 256).max() <= 2


def test_posteriors_are_the_softmax_of_the_logits(windows: np.ndarray) -> None:
    logits_model, posterior_model = (
        build_keyword((48, 32), 4, SMALL, posteriors=posteriors) for posteriors in (False, True)
    )
    posterior_model.set_weights(logits_model.get_weights())
    inputs = windows.astype(np.float32)[..., None] * np.float32(STEP)
    logits, found = (np.asarray(model(inputs, training=False)) for model in (logits_model, posterior_model))
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-6)
    assert found.shape == (6, 4)


def test_crops_and_windows_share_their_weights() -> None:
    """The same shapes whatever the length: training on crops carries over."""
    short, long = (build_keyword((frames, 32), 4, SMALL) for frames in (32, 498))
    assert [w.shape for w in short.get_weights()] == [w.shape for w in long.get_weights()]


def test_the_loudest_evidence_counts_wherever_it_is() -> None:
    """Gates are read from their surroundings, so that nothing but the place of a patch changes: the scores do not."""
    model = build_keyword((96, 32), 3, SMALL)
    inputs = np.zeros((2, 96, 32, 1), np.float32)
    inputs[0, 24:40, 8:24], inputs[1, 56:72, 8:24] = 3.0, 3.0
    one, two = np.asarray(model(inputs, training=False))
    empty = np.asarray(model(np.zeros_like(inputs[:1]), training=False))[0]
    assert one == pytest.approx(two, abs=1e-5)
    assert not np.allclose(one, empty, atol=1e-4)


def test_every_layer_has_a_name_of_its_own() -> None:
    def names() -> list[str]:
        model: Any = build_keyword((32, 16), 3, SMALL, posteriors=True)
        return [layer.name for layer in model.layers]

    assert names() == names()


def test_the_default_is_small() -> None:
    assert build_keyword((498, 64), 4, KeywordSettings()).count_params() < 60_000


@pytest.mark.parametrize("change", [{"reduction": 0}, {"kernel": 32}, {"dropout": 1.0}, {"width": 8}])
def test_settings_have_ranges(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        KeywordSettings(**change)
