"""Full-integer conversion: seeded windows, a pinned input scale, same bytes, the reference kernels' integers."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.reference.simulated_tpu import Int8Network
from quantize.convert import CalibrationSettings, choose_windows, quiet_converter, to_int8

STEP = 7.0 / 255.0


def network(bias: float = 0.0, relu: bool = False) -> Any:
    """A small network of the kinds of layer that ours are made of; named, since names are part of the bytes."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    inputs = keras.Input(batch_shape=(1, 12, 8, 1), name="features")
    x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(6.0, name="relu")(x)
    x = layers.DepthwiseConv2D((3, 1), padding="same", name="deep")(x)
    gate = layers.Conv2D(6, 1, activation="sigmoid", name="gate")(x)
    x = layers.Multiply(name="gated")([x, gate])
    x = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    x = layers.Conv2D(4, 1, bias_initializer=keras.initializers.Constant(bias), name="logits")(x)
    x = layers.ReLU(name="floor")(x) if relu else x
    return keras.Model(inputs, layers.Reshape((4,), name="scores")(x), name="network")


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    dice = np.random.default_rng(2)
    views = dice.integers(-90, 91, (3, 5, 12, 8)).astype(np.int8)
    return choose_windows(views, CalibrationSettings(windows=10, seed=1))


@pytest.fixture(scope="module")
def converted(windows: np.ndarray) -> bytes:
    return to_int8(network(), windows, STEP)


def test_windows_are_drawn_by_seed_without_repeats(rng: np.random.Generator) -> None:
    views = np.arange(4 * 30)[:, None, None].repeat(2, 1).repeat(3, 2).reshape(4, 30, 2, 3).astype(np.int8)
    one, two, other = (
        choose_windows(views, CalibrationSettings(windows=20, seed=seed)) for seed in (1, 1, 2)
    )
    assert one.shape == (20, 2, 3)
    assert one.dtype == np.int8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    drawn = one[:, 1, 2]  # one of 120 different numbers per window; the corner is another's
    assert len(set(drawn.tolist())) == 20
    assert sorted(drawn) == drawn.tolist()


def test_all_windows_where_there_are_few(rng: np.random.Generator) -> None:
    views = rng.integers(-5, 5, (2, 3, 4, 5)).astype(np.int8)
    chosen = choose_windows(views, CalibrationSettings())
    assert np.array_equal(chosen[1:], views.reshape(6, 4, 5)[1:])


def test_the_first_window_holds_both_ends_and_the_views_stay(rng: np.random.Generator) -> None:
    views = rng.integers(-5, 5, (2, 3, 4, 5)).astype(np.int8)
    before = views.copy()
    chosen = choose_windows(views, CalibrationSettings(windows=4))
    assert (chosen.min(), chosen.max()) == (-128, 127)
    assert np.abs(chosen[1:]).max() <= 5
    assert np.array_equal(views, before)


def test_a_step_of_the_input_is_a_step_of_the_features(converted: bytes) -> None:
    found = Int8Network(converted)
    assert found.input_scale == float(np.float32(STEP))
    assert found.input_zero_point == 0
    assert found.input_shape == (1, 12, 8, 1)
    assert found.output_shape == (1, 4)


def test_int8_goes_in_and_out_and_nothing_in_between_is_float(converted: bytes) -> None:
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(converted, 0).subgraphs[0]
    allowed = {schema.TensorType.INT8, schema.TensorType.INT32}
    assert {tensor.type for tensor in graph.tensors} == allowed


def test_the_same_network_gives_the_same_bytes_twice(windows: np.ndarray, converted: bytes) -> None:
    assert to_int8(network(), windows, STEP) == converted


def test_other_windows_give_other_ranges(windows: np.ndarray, converted: bytes) -> None:
    quiet = windows // 4
    quiet[0, 0, :2] = (-128, 127)
    assert to_int8(network(), quiet, STEP) != converted


def test_the_stand_in_equals_tensorflow_s_reference_kernels(
    converted: bytes, rng: np.random.Generator
) -> None:
    import tensorflow as tf

    ours = Int8Network(converted)
    theirs = tf.lite.Interpreter(
        model_content=converted,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    theirs.allocate_tensors()
    (source,), (sink,) = theirs.get_input_details(), theirs.get_output_details()
    for one in rng.integers(-128, 128, (50, 1, 12, 8, 1)).astype(np.int8):
        theirs.set_tensor(source["index"], one)
        theirs.invoke()
        assert np.array_equal(ours.run(one), theirs.get_tensor(sink["index"])[0])


def test_int8_follows_the_float_network(converted: bytes, windows: np.ndarray) -> None:
    ours, model = Int8Network(converted), network()
    for one in windows:
        exact = np.asarray(model(one.astype(np.float32)[None, ..., None] * np.float32(STEP)))[0]
        found = (ours.run(one).astype(float) - ours.output_zero_point) * ours.output_scale
        assert np.abs(found - exact).max() < 4 * ours.output_scale


def test_a_network_that_says_nothing_is_refused_instead_of_crashing_later(windows: np.ndarray) -> None:
    with pytest.raises(ModelInvalid, match="0 on every calibration window") as caught:
        to_int8(network(bias=-100.0, relu=True), windows, STEP)
    assert "train longer" in caught.value.remedy


def float_and_two_inputs() -> list[tuple[str, Callable[[], Any]]]:
    def two() -> Any:
        import keras

        left, right = keras.Input(batch_shape=(1, 4)), keras.Input(batch_shape=(1, 4))
        return keras.Model([left, right], keras.layers.Add()([left, right]))

    return [("float", network), ("two inputs", two)]


@pytest.mark.parametrize(("kind", "build"), float_and_two_inputs())
def test_the_stand_in_refuses_a_float_network_and_two_inputs(kind: str, build: Callable[[], Any]) -> None:
    import tensorflow as tf

    content = tf.lite.TFLiteConverter.from_keras_model(build()).convert()
    with pytest.raises(ModelInvalid, match="one int8 input and one int8 output") as caught:
        Int8Network(content)
    assert "quantize" in caught.value.remedy


def test_conversion_is_silent(windows: np.ndarray, capfd: pytest.CaptureFixture[str]) -> None:
    """stdout belongs to results, stderr to what the user can act on."""
    model = network()
    capfd.readouterr()  # what TensorFlow says when it is loaded
    to_int8(model, windows[:1], STEP)
    assert capfd.readouterr() == ("", "")


def test_silence_ends_with_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), quiet_converter():
        os.write(2, b"chatter")
        raise ZeroDivisionError
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


@pytest.mark.parametrize("change", [{"windows": 0}, {"method": "entropy"}])
def test_settings_have_ranges(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CalibrationSettings(**change)
