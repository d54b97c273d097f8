"""Training: by seed, towards the targets, as much towards the teacher as it is told, on the batches it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from train.objectives import OBJECTIVES
from train.student.fit import DistilSettings, FitSettings, fit, predict, take_whole

SCALE = 0.05
QUICK = FitSettings(epochs=16, batch=16, rate=0.05, decay=0.0, smoothing=0.0)


def linear() -> Any:
    """Six features to three logits: training has one answer, and takes a second."""
    import keras

    inputs = keras.Input((6,))
    return keras.Model(inputs, keras.layers.Dense(3)(inputs))


def loss(model: Any, inputs: np.ndarray, targets: np.ndarray) -> float:
    logits = predict(model, inputs, SCALE)
    logits = logits - logits.max(1, keepdims=True)
    return float(-(targets * (logits - np.log(np.exp(logits).sum(1, keepdims=True)))).sum(1).mean())


@pytest.fixture
def toy(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two views of 64 clips in int8 steps, and targets that a planted layer gives them."""
    clean = rng.integers(-100, 101, (64, 6))
    views = np.stack([clean, clean + rng.integers(-5, 6, clean.shape)]).astype(np.int8)
    truth = (clean @ rng.normal(size=(6, 3))).argmax(1)
    return views, np.eye(3, dtype=np.float32)[truth]


def test_a_planted_problem_is_learnt(toy: tuple[np.ndarray, np.ndarray]) -> None:
    views, targets = toy
    model = fit(linear, views, targets, QUICK, 1, SCALE)
    assert loss(model, views[0], targets) < 0.5 * np.log(3)
    found = predict(model, views[0], SCALE)
    assert (found.argmax(1) == targets.argmax(1)).mean() > 0.85


def test_same_seed_same_weights(toy: tuple[np.ndarray, np.ndarray]) -> None:
    settings = QUICK.model_copy(update={"epochs": 2})
    one, two, other = (fit(linear, *toy, settings, seed, SCALE).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert not np.array_equal(one[0], other[0])


@pytest.mark.parametrize(("least", "passes"), [(0, 2), (8, 2), (9, 3), (40, 10)])
def test_few_clips_get_more_passes(toy: tuple[np.ndarray, np.ndarray], least: int, passes: int) -> None:
    """64 clips in batches of 16 are four steps a pass."""
    steps: list[int] = []

    def counted(views: np.ndarray, chosen: np.ndarray, clips: np.ndarray, rng: Any) -> np.ndarray:
        steps.append(len(clips))
        return take_whole(views, chosen, clips, rng)

    settings = QUICK.model_copy(update={"epochs": 2, "least_steps": least})
    fit(linear, *toy, settings, 1, SCALE, take=counted)
    assert len(steps) == 4 * passes


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_teacher_counts_as_much_as_it_is_told(toy: tuple[np.ndarray, np.ndarray], weight: float) -> None:
    """The teacher says the opposite of the targets: at weight 1 it wins, at 0 nobody listens."""
    views, targets = toy
    teacher = np.roll(targets, 1, axis=1) * 0.9 + np.float32(0.1 / 3)
    distil = DistilSettings(weight=weight, temperature=2.0)
    model = fit(linear, views, targets, QUICK, 1, SCALE, teacher=teacher, distil=distil)
    winner = predict(model, views[0], SCALE).argmax(1)
    followed = teacher if weight else targets
    assert (winner == followed.argmax(1)).mean() > 0.85


def test_a_weight_of_zero_is_training_without_teacher(toy: tuple[np.ndarray, np.ndarray]) -> None:
    views, targets = toy
    settings, silent = QUICK.model_copy(update={"epochs": 2}), DistilSettings(weight=0.0)
    one = fit(linear, views, targets, settings, 1, SCALE, teacher=targets[::-1], distil=silent)
    two = fit(linear, views, targets, settings, 1, SCALE)
    assert np.array_equal(one.get_weights()[0], two.get_weights()[0])


def test_the_batches_come_from_take(toy: tuple[np.ndarray, np.ndarray]) -> None:
    """Every epoch asks for every clip once, with some view of it, and learns from what it is given."""
    asked: list[tuple[np.ndarray, np.ndarray]] = []

    def blind(views: np.ndarray, chosen: np.ndarray, clips: np.ndarray, rng: Any) -> np.ndarray:
        asked.append((chosen, clips))
        return np.zeros_like(take_whole(views, chosen, clips, rng))

    settings = QUICK.model_copy(update={"epochs": 3})
    model = fit(linear, *toy, settings, 1, SCALE, take=blind)
    assert len(asked) == 3 * 4
    for epoch in range(3):
        clips = np.concatenate([clips for _, clips in asked[4 * epoch : 4 * epoch + 4]])
        assert sorted(clips) == list(range(64))
    assert {int(v) for chosen, _ in asked for v in chosen} == {0, 1}
    bias = model.get_weights()[1]
    assert np.abs(bias).max() > 0.01  # the bias is all that it can learn
    untrained = model.get_weights()[0]
    assert np.allclose(untrained, fit(linear, *toy, settings, 1, SCALE, take=blind).get_weights()[0])


def test_whole_views_are_taken_by_default(rng: np.random.Generator) -> None:
    views = rng.integers(0, 9, (3, 5, 2))
    found = take_whole(views, np.array([2, 0]), np.array([1, 4]), rng)
    assert np.array_equal(found, [views[2, 1], views[0, 4]])


def test_the_weights_are_averaged_and_the_statistics_too(rng: np.random.Generator) -> None:
    """With an average that forgets nothing after its first step, the weights are those of that step."""

    def build() -> Any:
        import keras

        inputs = keras.Input((2,))
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.BatchNormalization()(inputs)))

    views = rng.integers(-100, 100, (1, 32, 2)).astype(np.int8)
    targets = np.eye(2, dtype=np.float32)[rng.integers(0, 2, 32)]
    held = FitSettings(epochs=4, batch=32, rate=0.05, average_from=0.0, average=1 - 1e-9)
    loose = held.model_copy(update={"average": 1e-9})
    one, last = (fit(build, views, targets, settings, 1, SCALE).get_weights() for settings in (held, loose))
    # Moving mean after one step of momentum 0.99: a hundredth of the batch's mean; after four: 1 - 0.99^4.
    mean = (views[0] * np.float32(SCALE)).mean(0)
    assert one[2] == pytest.approx(mean * 0.01, rel=1e-3)
    assert last[2] == pytest.approx(mean * (1 - 0.99**4), rel=1e-3)
    assert not np.array_equal(one[4], last[4])


@pytest.mark.parametrize("channel", [True, False])
def test_a_channel_axis_is_added_where_the_network_wants_one(rng: np.random.Generator, channel: bool) -> None:
    def build() -> Any:
        import keras

        inputs = keras.Input((4, 3, 1) if channel else (4, 3))
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))

    views = rng.integers(-9, 9, (1, 5, 4, 3)).astype(np.int8)
    settings = FitSettings(epochs=1, batch=64)
    model = fit(build, views, np.full((5, 2), 0.5, np.float32), settings, 1, SCALE)
    found = predict(model, views[0], SCALE, batch=2)
    expected = np.asarray(model(views[0].reshape(5, 4, 3, *[1] * channel).astype(np.float32) * SCALE))
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-5)


def test_smoothing_by_hand() -> None:
    found = OBJECTIVES.find("cross_entropy").smoothed(np.array([[1, 0, 0, 0]], np.float32), 0.2)
    assert found.dtype == np.float32
    assert found.tolist()[0] == pytest.approx([0.85, 0.05, 0.05, 0.05])


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"batch": 1}, {"rate": 0}, {"average": 1.0}, {"momentum": 1}]
)
def test_settings_have_ranges(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        FitSettings(**change)
    with pytest.raises(ValidationError):
        DistilSettings(temperature=0)
