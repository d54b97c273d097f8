"""The student: what the Edge TPU runs of it, how large it is, and what its last layer means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from edgetpu_models.analyse import analyse
from edgetpu_models.lint import lint, passes
from firmware_bridge.reference.simulated_tpu import Int8Network
from tests.support.keras_networks import STEP, spread_weights
from train.student.network import (
    SCORE_FLOOR,
    StudentSettings,
    build_body,
    build_scratch,
    floored,
    raise_to_floor,
)

SMALL = StudentSettings(width=16, stem=(8, 12, 16), kernel=3)
TRUNK_SHAPE = (32, 4, 512)  # 5 s behind YAMNet's conv13
TRUNK_PARAMETERS = 266_304  # conv1 to conv13


def unsure(content: bytes) -> list[str]:
    """Return what would not run on the Edge TPU or was never seen to in this form, with the reason."""
    assert passes(lint(content))
    rows = analyse(content).rows
    return [f"{r.name}: {r.reason}" for r in rows if (r.target, r.ground) != ("edgetpu", "seen mapped")]


def test_every_operation_of_scratch_is_on_the_edge_tpu(
    windows: np.ndarray, converted: Callable[..., bytes]
) -> None:
    settings = SMALL.model_copy(update={"blocks": 2})
    model = raise_to_floor(spread_weights(build_scratch((64, 32), 5, settings, on_chip=True), 1))
    content = converted(model, windows)
    assert unsure(content) == []
    assert Int8Network(content).output_shape == (1, 5)


@pytest.mark.corpus
@pytest.mark.slow
def test_every_operation_of_trunk_and_body_is_on_the_edge_tpu(
    data_root: Path, rng: np.random.Generator, converted: Callable[..., bytes]
) -> None:
    """The default recipe's network, whole: trunk, body, floor; and it holds the promise of its size."""
    from train.foundation.yamnet import parameters_up_to
    from train.student.trunk import join

    body = raise_to_floor(spread_weights(build_body((6, 4, 512), 8, StudentSettings(), True), 1))
    model = join(13, 96, body)
    windows = rng.integers(-128, 128, (3, 96, 64)).astype(np.int8)
    content = converted(model, windows)
    assert parameters_up_to(13) == TRUNK_PARAMETERS
    assert unsure(content) == []
    assert analyse(content).fits
    assert analyse(content).parameters <= 730_000
    assert Int8Network(content).input_shape == (1, 96, 64, 1)


def test_the_default_student_is_small_enough() -> None:
    body = build_body(TRUNK_SHAPE, 8, StudentSettings())
    assert TRUNK_PARAMETERS + body.count_params() <= 730_000
    assert build_scratch((498, 64), 8, StudentSettings()).count_params() <= 730_000


def test_a_batch_norm_s_parameters_vanish_on_conversion(
    windows: np.ndarray, converted: Callable[..., bytes]
) -> None:
    """So the network on the chip has fewer parameters than Keras counts, and no operation for them."""
    model = spread_weights(build_scratch((64, 32), 5, SMALL), 2)
    content = converted(model, windows)
    assert unsure(content) == []
    assert analyse(content).parameters < model.count_params()
    names = {row.name for row in analyse(content).rows}
    assert names <= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MUL", "LOGISTIC", "MEAN", "RESHAPE"}


def logits_of(model: Any, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(model(inputs, training=False))


def test_the_network_on_the_chip_gives_the_height_above_the_floor(rng: np.random.Generator) -> None:
    plain = spread_weights(build_body((7, 4, 16), 6, SMALL), 3)
    reading = plain.get_layer("logits")
    kernel, bias = reading.get_weights()
    reading.set_weights([kernel * 10, bias])
    chip = build_body((7, 4, 16), 6, SMALL, on_chip=True)
    chip.set_weights(plain.get_weights())
    inputs = rng.uniform(0, 6, (20, 7, 4, 16)).astype(np.float32)
    logits = logits_of(plain, inputs)
    assert 0.1 < (logits < SCORE_FLOOR).mean() < 0.9
    heights = logits_of(raise_to_floor(chip), inputs)
    assert np.allclose(heights, floored(logits), atol=1e-4)
    assert (heights >= 0).all()
    heard = logits.max(1) > SCORE_FLOOR + 1e-3
    assert heard.sum() >= 10
    assert np.array_equal(heights.argmax(1)[heard], logits.argmax(1)[heard])


def test_floored_by_hand_and_the_winner_stays() -> None:
    """SCORE_FLOOR is -2: 1 is 3 above it, -2 and -5 are on the ground."""
    assert SCORE_FLOOR == -2.0
    logits = np.array([[1, -2, -5], [-1.5, -3, -1.0]], np.float32)
    assert floored(logits).tolist() == [[3, 0, 0], [0.5, 0, 1]]
    assert floored(logits).argmax(1).tolist() == logits.argmax(1).tolist()


def test_int8_scores_are_the_float_heights(windows: np.ndarray, converted: Callable[..., bytes]) -> None:
    model = build_scratch((64, 32), 3, SMALL, on_chip=True)
    reading = model.get_layer("logits")
    reading.set_weights([reading.get_weights()[0] * 8, np.array([0.5, 0.2, 0.0], np.float32)])
    scaled = np.linspace(0.05, 1, 12)[:, None, None] * windows  # windows of different loudness
    varied = np.rint(scaled).astype(np.int8)
    varied[0, 0, :2] = (-128, 127)
    network = Int8Network(converted(raise_to_floor(model), varied))
    floats = logits_of(model, varied.astype(np.float32)[..., None] * np.float32(STEP))
    found = (network.run_all(varied).astype(float) - network.output_zero_point) * network.output_scale
    assert np.abs(found - floats).max() < 0.1 * floats.max()
    assert network.output_zero_point == -128  # no step is spent on what lies below the floor


@pytest.mark.parametrize("build", [build_body, build_scratch])
def test_every_layer_has_a_name_of_its_own(build: Callable[..., Any]) -> None:
    """Keras counts nameless layers through the whole process, and names are part of the `.tflite`'s bytes."""
    shape = (16, 8) if build is build_scratch else (16, 8, 4)
    settings = SMALL.model_copy(update={"blocks": 2})
    one, two = ([layer.name for layer in build(shape, 3, settings, True).layers] for _ in range(2))
    assert one == two


def test_the_body_bears_any_length_and_a_collapsed_frequency_axis() -> None:
    for shape in ((5, 1, 8), (5, 2, 8), (40, 3, 8)):
        assert build_body(shape, 4, SMALL).output_shape == (None, 4)


def test_dropout_and_batch_norm_rest_outside_training(rng: np.random.Generator) -> None:
    model = build_body((7, 2, 8), 4, SMALL.model_copy(update={"dropout": 0.5}))
    inputs = rng.uniform(0, 6, (3, 7, 2, 8)).astype(np.float32)
    assert np.array_equal(logits_of(model, inputs), logits_of(model, inputs))
    assert np.allclose(logits_of(model, inputs)[:1], logits_of(model, inputs[:1]), atol=1e-5)


@pytest.mark.parametrize("change", [{"width": 30}, {"blocks": 0}, {"dropout": 1.0}, {"depth": 3}])
def test_settings_have_ranges(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        StudentSettings(**change)
