"""Views of clips: the same bytes whatever the threads and blocks, and a clean view in front."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from firmware_bridge.sound.acoustics import synthetic_room
from train import views
from train.augment import AugmentSettings
from train.views import Surroundings, clip_views, compute_features

SAMPLES = 4000
FRONTEND = MicroFrontend(FrontendSpec(window_ms=25, step_ms=10, channels=12))
SCALING = InputScaling()
AUGMENT = AugmentSettings(offset_ms=20)  # the short clips must stay in their windows


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    dice = np.random.default_rng(8)
    return [dice.normal(0, 2000, n).astype(np.int16) for n in (1000, 4000, 7000, 3999, 500)]


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    dice = np.random.default_rng(9)
    return Surroundings((dice.normal(0, 0.1, 3000).astype(np.float32),), (synthetic_room(dice, 0.2),))


def make(clips: list[np.ndarray], surroundings: Surroundings, seed: int = 1, count: int = 3) -> np.ndarray:
    return clip_views(clips, SAMPLES, FRONTEND, SCALING, AUGMENT, surroundings, count, seed)


def test_view_zero_is_the_clean_clip_padded_or_cut(
    clips: list[np.ndarray], surroundings: Surroundings
) -> None:
    found = make(clips, surroundings)
    assert found.dtype == np.int8
    assert found.shape == (4, 5, FRONTEND.spec.frames(SAMPLES), 12)
    for index, clip in enumerate(clips):
        window = np.zeros(SAMPLES, np.int16)
        window[: min(SAMPLES, len(clip))] = clip[:SAMPLES]
        assert np.array_equal(found[0, index], SCALING.apply(FRONTEND.process(window)))


def test_every_view_differs(clips: list[np.ndarray], surroundings: Surroundings) -> None:
    flat = make(clips, surroundings).reshape(20, -1)
    assert len({one.tobytes() for one in flat}) == 20


@pytest.mark.parametrize("part", ["sound", "features"])
def test_sound_and_features_vary_each_for_itself(clips: list[np.ndarray], part: str) -> None:
    masks = {"time_masks": 0, "channel_masks": 0, "channel_shift": 0}
    sounds = {"speed": 0.0, "gain_db": 0.0, "offset_ms": 0}
    augment = AUGMENT.model_copy(update=masks if part == "sound" else sounds)
    found = clip_views([clips[1]] * 2, SAMPLES, FRONTEND, SCALING, augment, Surroundings(), 3, 1)
    assert len({one.tobytes() for one in found.reshape(8, -1)}) == 7  # only the clean ones are equal


@pytest.mark.parametrize(("threads", "block"), [(1, 64), (3, 1), (2, 7), (4, 20)])
def test_threads_and_blocks_change_nothing(
    clips: list[np.ndarray],
    surroundings: Surroundings,
    threads: int,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = make(clips, surroundings)
    monkeypatch.setattr(views, "usable_cores", lambda: threads)
    monkeypatch.setattr(views, "BLOCK", block)
    assert np.array_equal(make(clips, surroundings), expected)


def test_the_seed_decides_all_but_the_clean_view(clips: list[np.ndarray], surroundings: Surroundings) -> None:
    one, two = make(clips, surroundings, seed=1), make(clips, surroundings, seed=2)
    assert np.array_equal(one[0], two[0])
    assert not any(np.array_equal(a, b) for a, b in zip(one[1:], two[1:], strict=True))


def test_more_views_keep_the_first_ones(clips: list[np.ndarray], surroundings: Surroundings) -> None:
    """Each view of each clip has its own generator."""
    assert np.array_equal(make(clips, surroundings, count=1), make(clips, surroundings)[:2])


def test_vary_sees_every_index_once_in_its_place(clips: list[np.ndarray]) -> None:
    seen: list[int] = []

    def vary(features: np.ndarray, index: int) -> np.ndarray:
        seen.append(index)
        return np.full_like(features, index)

    window = np.zeros(SAMPLES, np.int16)
    found = compute_features(130, lambda index: window, FRONTEND, SCALING, "counting", vary)
    assert seen == list(range(130))
    assert np.array_equal(found[:, 0, 0], np.arange(130).astype(np.int8))


def test_no_windows_is_an_error() -> None:
    with pytest.raises(ValueError, match="no windows"):
        compute_features(0, lambda index: np.zeros(SAMPLES, np.int16), FRONTEND, SCALING, "nothing")


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def broken(index: int) -> np.ndarray:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compute_features(3, broken, FRONTEND, SCALING, "failing")
