"""The equalised trunk: the same function as far as nothing is clipped, weights on their int8 grid, less noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.foundation.yamnet import INPUT_SCALE, build_trunk, yamnet_layers
from train.student.equalise import CEILING, MOST, load_scales, measure_scales, save_scales, scaled
from train.student.trunk import ACTIVATION_SCALE, trunk_activations

pytestmark = pytest.mark.corpus
LAYER = 7


@pytest.fixture(scope="module")
def windows(data_root: Path) -> np.ndarray:
    """Slow noise: channels of different strength."""
    dice = np.random.default_rng(2)
    return np.clip(dice.normal(0, 30, (6, 96, 64)).cumsum(1) * 0.3, -128, 127).astype(np.int8)


@pytest.fixture(scope="module")
def scales(windows: np.ndarray) -> tuple[np.ndarray, ...]:
    return measure_scales(LAYER, windows)


def as_real(windows: np.ndarray) -> np.ndarray:
    return windows.astype(np.float32)[..., None] * np.float32(INPUT_SCALE)


def test_one_scale_a_channel_within_bounds(scales: tuple[np.ndarray, ...]) -> None:
    layers = yamnet_layers()[:LAYER]
    assert [len(scale) for scale in scales] == [conv.channels for conv in layers]
    for conv, scale in zip(layers, scales, strict=True):
        assert scale.dtype == np.float32
        assert scale.min() >= 1
        assert scale.max() <= MOST
        assert (len(np.unique(scale)) == 1) is conv.depthwise, "a depthwise map is scaled as a whole"
    assert max(scale.max() for scale in scales) > 1.5, "there was something to gain"


def test_scaled_by_one_is_the_network_itself() -> None:
    layers = yamnet_layers()[:LAYER]
    for conv, (kernel, bias) in zip(
        layers, scaled(layers, tuple(np.ones(c.channels, np.float32) for c in layers)), strict=True
    ):
        np.testing.assert_array_equal(kernel, conv.kernel.astype(np.float32))
        np.testing.assert_array_equal(bias, conv.bias.astype(np.float32))


def test_every_output_is_the_old_one_times_its_scale(
    windows: np.ndarray, scales: tuple[np.ndarray, ...]
) -> None:
    """Quiet input: nothing is clipped in either network, so both are one function."""
    layers = yamnet_layers()[:LAYER]
    quiet = tuple(np.minimum(scale, 1.25).astype(np.float32) for scale in scales)
    values = as_real(windows) * 0.1
    plain = build_trunk(LAYER, frames=96)(values).numpy()
    equal = build_trunk(LAYER, frames=96, weights=scaled(layers, quiet))(values).numpy()
    untouched = (plain * quiet[-1] < CEILING - 0.5).all(axis=(0, 1, 2))
    assert untouched.mean() > 0.9
    np.testing.assert_allclose(
        equal[..., untouched], (plain * quiet[-1])[..., untouched], rtol=1e-3, atol=1e-3
    )


def test_weights_stay_on_their_grid(scales: tuple[np.ndarray, ...]) -> None:
    """Rounding each output channel to 127 steps, as the converter does, changes no weight of the scaled trunk."""
    layers = yamnet_layers()[:LAYER]
    for conv, (kernel, _) in zip(layers, scaled(layers, scales), strict=True):
        channel = 2 if conv.depthwise else 3
        rows = np.moveaxis(kernel, channel, 0).reshape(kernel.shape[channel], -1)
        step = np.abs(rows).max(axis=1, keepdims=True) / 127
        steps = rows / np.where(step > 0, step, 1)
        assert np.abs(steps - np.round(steps)).max() < 2e-3, conv.name


def test_steps_are_finer(windows: np.ndarray, scales: tuple[np.ndarray, ...]) -> None:
    """Rounded to uint8 and scaled back, the equalised trunk is nearer to its own float network."""
    layers = yamnet_layers()[:LAYER]
    errors = {}
    for name, used in (("plain", None), ("equalised", scales)):
        weights = None if used is None else scaled(layers, used)
        divisor = np.float32(1) if used is None else used[-1]
        exact = build_trunk(LAYER, frames=96, weights=weights)(as_real(windows)).numpy() / divisor
        rounded = trunk_activations(LAYER, windows, used) * np.float32(ACTIVATION_SCALE) / divisor
        errors[name] = float(np.sqrt(np.mean((rounded - exact) ** 2)))
    assert errors["equalised"] < 0.8 * errors["plain"]


def test_as_many_scales_as_convolutions(scales: tuple[np.ndarray, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        scaled(yamnet_layers()[: LAYER + 1], scales)


def test_scales_are_kept(tmp_path: Path, scales: tuple[np.ndarray, ...]) -> None:
    assert load_scales(tmp_path) is None
    save_scales(tmp_path, scales)
    found = load_scales(tmp_path)
    assert found is not None
    for one, other in zip(found, scales, strict=True):
        np.testing.assert_array_equal(one, other)
