"""The rebuilt float network against the int8 file that it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting, ModelInvalid
from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from firmware_bridge.sound.audio import read_audio
from train.foundation import yamnet
from train.foundation.yamnet import build_trunk, parameters_up_to, time_stride, yamnet_layers

FRAMES = 96  # the window that the int8 network was made for


@pytest.fixture(scope="module")
def spoken(data_root: Path) -> np.ndarray:
    """Features of real speech, int8 [2, 96, 64]."""
    clips = sorted((data_root / "ravdess" / "audio").glob("Actor_0[34]/03-01-05-02-01-01-*"))
    front, scaling = MicroFrontend(preset("yamnet")), InputScaling(kind="range")
    return np.stack(
        [scaling.apply(front.process(read_audio(clip).pcm)[100 : 100 + FRAMES]) for clip in clips]
    )


@pytest.fixture(scope="module")
def trunk(yamnet_file: Path) -> Any:
    """All 27 convolutions."""
    return build_trunk(27)


def test_parameter_counts_are_the_published_ones(yamnet_file: Path) -> None:
    """64 K, 132 K, 266 K, 534 K, 802 K and 3.2 M up to these layers; strides of MobileNet v1."""
    counts = {layer: parameters_up_to(layer) for layer in (9, 11, 13, 15, 17, 27)}
    assert counts == {9: 63_808, 11: 132_160, 13: 266_304, 15: 534_080, 17: 801_856, 27: 3_195_456}
    assert [time_stride(layer) for layer in (1, 3, 4, 8, 11, 12, 23, 24, 27)] == [
        2,
        2,
        4,
        8,
        8,
        16,
        16,
        32,
        32,
    ]
    assert yamnet_layers()[12].channels == 512


@pytest.mark.corpus
def test_every_layer_follows_the_int8_network(trunk: Any, spoken: np.ndarray, yamnet_file: Path) -> None:
    """Correlation above 0.995 with each int8 tensor, and an error below one of its steps on average."""
    import keras
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    tapped = keras.Model(trunk.inputs, [trunk.get_layer(f"conv{n}_relu").output for n in range(1, 28)])
    real = spoken.astype(np.float32) * yamnet.INPUT_SCALE
    floats = tapped.predict(real[..., None], verbose=0)
    interpreter = Interpreter(
        str(yamnet_file),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    for clip in range(len(real)):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], real[clip : clip + 1])
        interpreter.invoke()
        for layer, values in zip(yamnet_layers(), floats, strict=True):
            steps = interpreter.get_tensor(layer.tensor)[0].astype(np.float32)
            expected = (steps - layer.output_zero) * layer.output_scale
            correlation = np.corrcoef(values[clip].ravel(), expected.ravel())[0, 1]
            assert correlation > 0.995, (layer.name, correlation)
            assert np.abs(values[clip] - expected).mean() < layer.output_scale, layer.name


@pytest.mark.parametrize(("frames", "steps"), [(96, 6), (97, 7), (498, 32), (16, 1), (1, 1)])
def test_any_length_gives_one_step_per_stride(yamnet_file: Path, frames: int, steps: int) -> None:
    trunk = build_trunk(13)
    assert trunk.compute_output_shape((3, frames, 64, 1)) == (3, steps, 4, 512)


def test_time_only_matters_within_reach(trunk: Any, rng: np.random.Generator) -> None:
    """A change in the last frames leaves the first steps alone: nothing global hides in the network."""
    import keras

    middle = keras.Model(trunk.input, trunk.get_layer("conv13_relu").output)
    window = rng.uniform(-3.5, 3.5, (1, 320, 64, 1)).astype(np.float32)
    changed = window.copy()
    changed[:, 300:] = 0
    before, after = middle(window).numpy(), middle(changed).numpy()
    np.testing.assert_array_equal(before[:, :15], after[:, :15])
    assert np.abs(before[:, -1] - after[:, -1]).max() > 0.01


def test_a_fixed_shape_and_frozen_weights(yamnet_file: Path) -> None:
    fixed = build_trunk(3, frames=498, batch=1)
    assert fixed.input_shape == (1, 498, 64, 1)
    assert fixed.output_shape == (1, 249, 32, 64)
    assert fixed.trainable_variables == []
    assert fixed.count_params() == parameters_up_to(3)
    assert len(build_trunk(3, trainable=True).trainable_variables) == 6


@pytest.mark.parametrize("layer", [0, 28, -1])
def test_other_layers_do_not_exist(layer: int) -> None:
    with pytest.raises(InvalidSetting, match=f"no layer {layer}"):
        build_trunk(layer)


def test_another_network_is_refused(tiny: Any) -> None:
    with pytest.raises(ModelInvalid, match="2 convolutions"):
        yamnet_layers(tiny.path)
