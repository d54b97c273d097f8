"""Crops around words, and the two-stage training on them."""

from __future__ import annotations

import numpy as np
import pytest

from train.keyword.fit import KeywordFitSettings, crop_around, train_keyword
from train.keyword.network import KeywordSettings
from train.keyword.windows import KeywordViews
from train.student.fit import FitSettings, predict

TINY = KeywordSettings(channels=(8, 16), reduction=2, kernel=3, dropout=0.0)


def counted(views: int, items: int, frames: int) -> np.ndarray:
    """Return features [views, items, frames, 3] that hold their own view, item and frame."""
    grid = np.meshgrid(np.arange(views), np.arange(items), np.arange(frames), indexing="ij")
    return np.stack(grid, axis=-1).astype(np.int16)


@pytest.mark.parametrize("jitter", [0, 5, 12])
def test_the_word_is_in_the_crop_no_further_from_its_middle_than_the_jitter(
    jitter: int, rng: np.random.Generator
) -> None:
    views = counted(2, 40, 200)
    centres = rng.integers(50, 150, (2, 40)).astype(np.int32)
    chosen, items = rng.integers(0, 2, 40), rng.permutation(40)
    found = crop_around(centres, 30, jitter)(views, chosen, items, rng)
    assert found.shape == (40, 30, 3)
    middle = found[:, 15, 2]
    assert np.array_equal(found[:, 0, 0], chosen)
    assert np.array_equal(found[:, 0, 1], items)
    assert (np.diff(found[:, :, 2], axis=1) == 1).all()
    distance = np.abs(middle - centres[chosen, items])
    assert distance.max() <= jitter
    assert distance.max() >= jitter // 2


def test_at_the_edges_the_crop_stays_inside_and_keeps_the_word(rng: np.random.Generator) -> None:
    views = counted(1, 4, 100)
    centres = np.array([[0, 3, 97, 99]], np.int32)
    found = crop_around(centres, 40, 10)(views, np.zeros(4, np.int64), np.arange(4), rng)
    first, last = found[:, 0, 2], found[:, -1, 2]
    assert ((first <= centres[0]) & (centres[0] <= last)).all()
    assert first.min() == 0
    assert last.max() == 99


def test_without_a_word_crops_come_from_anywhere(rng: np.random.Generator) -> None:
    views, items = counted(1, 1, 50), np.zeros(400, np.int64)
    found = crop_around(np.full((1, 1), -1, np.int32), 40, 3)(views, items, items, rng)
    assert set(found[:, 0, 2].tolist()) == set(range(11))


def test_a_crop_as_long_as_the_window_is_the_window(rng: np.random.Generator) -> None:
    views = counted(1, 2, 20)
    found = crop_around(np.array([[3, -1]], np.int32), 20, 5)(views, np.zeros(2, np.int64), np.arange(2), rng)
    assert np.array_equal(found, views[0])


def planted(rng: np.random.Generator) -> KeywordViews:
    """Faint noise, and in half of the items a bright patch that is the word."""
    features = rng.integers(-30, 31, (2, 48, 48, 16)).astype(np.int8)
    classes = np.arange(48) % 2
    centres = np.full((2, 48), -1, np.int32)
    for view in range(2):
        for item in np.flatnonzero(classes):
            start = int(rng.integers(0, 40))
            features[view, item, start : start + 8, 4:12] = 120
            centres[view, item] = start + 4
    return KeywordViews(features, classes.astype(np.int64), centres)


SETTINGS = KeywordFitSettings(
    crop_ms=320,
    jitter_ms=20,
    crops=FitSettings(epochs=20, batch=16, rate=2e-2, smoothing=0.0, average=0.7),
    windows=FitSettings(epochs=10, batch=16, rate=5e-3, smoothing=0.0, average=0.7),
)


@pytest.mark.slow
def test_a_planted_word_is_found_wherever_it_lies(rng: np.random.Generator) -> None:
    views = planted(rng)
    model = train_keyword(views, 2, TINY, SETTINGS, 10, 0.03, seed=1)
    assert model.input_shape == (None, 48, 16, 1)
    unheard = planted(rng)
    found = predict(model, unheard.features[0], 0.03).argmax(1)
    assert (found == unheard.classes).mean() > 0.9


def test_the_second_training_starts_from_the_first(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caught at the door of `fit`: crops first, then whole windows, with the weights of the crops."""
    import keras

    from train.keyword import fit as fit_module

    calls = []

    def instant(build: object, views: object, targets: np.ndarray, *rest: object, **more: object) -> object:
        model = build()  # type: ignore[operator]
        calls.append((model.input_shape, more.get("take"), [w.copy() for w in model.get_weights()], targets))
        return model

    keras.utils.set_random_seed(1)
    monkeypatch.setattr(fit_module, "fit", instant)
    train_keyword(planted(rng), 2, TINY, SETTINGS, 10, 0.03, seed=1)
    (crops, take, first, targets), (whole, no_take, second, _) = calls
    assert (crops, whole) == ((None, 32, 16, 1), (None, 48, 16, 1))
    assert take is not None
    assert no_take is None
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert np.array_equal(targets, np.eye(2)[np.arange(48) % 2])
