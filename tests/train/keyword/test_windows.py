"""The keyword network's training windows: who is in them, where the word is, and always the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from train import views as views_module
from train.augment import AugmentSettings
from train.composed import ComposedSettings
from train.keyword import windows as windows_module
from train.keyword.windows import KeywordClips, KeywordViews, KeywordWindowSettings, keyword_views
from train.views import Surroundings

SAMPLES = 16000
SPEC = FrontendSpec(window_ms=25, step_ms=10, channels=16)
QUIET = AugmentSettings(
    speed=0, room_share=0, noise_share=0, gain_db=0, channel_shift=0, time_masks=0, channel_masks=0
)
COMPOSED = ComposedSettings(words=("high",), table={"calm": (50.0, 50.0)}, level_db=0)


def tone(hertz: float, samples: int, level: float = 8000) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(samples) / 16000)).astype(np.int16)


@pytest.fixture(scope="module")
def clips() -> KeywordClips:
    """Words are high tones, other words lower ones, speech the lowest."""
    return KeywordClips(
        words=[tone(4000, 3200), tone(4000, 4000), tone(4000, 3200), tone(4000, 3600)],
        classes=np.array([1, 1, 1, 1]),
        others=[tone(2000, 3200)],
        speech=[tone(500, 6400), tone(500, 8000)],
    )


def make(
    clips: KeywordClips, augment: AugmentSettings = QUIET, seed: int = 1, **settings: float
) -> KeywordViews:
    return keyword_views(
        clips,
        SAMPLES,
        MicroFrontend(SPEC),
        InputScaling(),
        COMPOSED,
        augment,
        Surroundings(),
        KeywordWindowSettings(**{"views": 5, **settings}),  # type: ignore[arg-type]
        seed,
    )


@pytest.fixture
def pcm(clips: KeywordClips, monkeypatch: pytest.MonkeyPatch) -> dict[int, np.ndarray]:
    """The sound of every window by its index, caught on its way to the front-end."""
    caught: dict[int, np.ndarray] = {}
    compute = views_module.compute_features

    def spy(count: int, window: object, *rest: object) -> np.ndarray:
        def listen(index: int) -> np.ndarray:
            caught[index] = window(index)  # type: ignore[operator]
            return caught[index]

        return compute(count, listen, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(windows_module, "compute_features", spy)
    return caught


def loud(pcm: np.ndarray, hertz: float) -> np.ndarray:
    """Return the starts of the 10 ms stretches in which a tone is heard."""
    frames = pcm[: len(pcm) // 160 * 160].reshape(-1, 160).astype(float)
    strength = np.abs(frames @ np.exp(-2j * np.pi * hertz * np.arange(160) / 16000)) / 80
    return np.flatnonzero(strength > 1500) * 160


def test_shapes_and_classes(clips: KeywordClips) -> None:
    found = make(clips, negative_share=0.5)
    assert found.features.shape == (5, 6, SPEC.frames(SAMPLES), 16)
    assert found.features.dtype == np.int8
    assert found.classes.tolist() == [1, 1, 1, 1, 0, 0]
    assert found.centres.shape == (5, 6)
    assert (found.centres[:, :4] >= 0).all()
    assert (found.centres[:, 4:] == -1).all()


def test_words_are_where_the_centres_say_and_nowhere_else(
    clips: KeywordClips, pcm: dict[int, np.ndarray]
) -> None:
    found = make(clips, negative_share=1.0, beside_speech=0.5)
    beside = 0
    for index, sound in pcm.items():
        view, item = divmod(index, 8)
        high = loud(sound, 4000)
        beside += bool(len(loud(sound, 500)))
        if item >= 4:
            assert not len(high)
            continue
        middle = (high[0] + high[-1] + 160) / 2
        frame = found.centres[view, item] * SPEC.step_samples + SPEC.window_samples / 2
        assert (
            abs(middle - frame) <= SPEC.window_samples
        )  # centres are counted in whole frames that fit before
    assert 8 <= beside <= 32


def test_negatives_hold_other_words_speech_or_next_to_nothing(
    clips: KeywordClips, pcm: dict[int, np.ndarray]
) -> None:
    make(clips, negative_share=4.0, beside_speech=0.5)
    kinds = set()
    for index, sound in pcm.items():
        if index % 20 >= 4:
            kinds.add((bool(len(loud(sound, 2000))), bool(len(loud(sound, 500)))))
            assert np.abs(sound).max() > 0  # digital silence would have no contrast to scale
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_beside_speech_is_kept(
    clips: KeywordClips, pcm: dict[int, np.ndarray], share: float
) -> None:
    make(clips, beside_speech=share)
    assert {bool(len(loud(sound, 500))) for sound in pcm.values()} == {bool(share)}


@pytest.mark.parametrize(("threads", "block"), [(1, 64), (3, 4)])
def test_threads_and_blocks_change_nothing(
    clips: KeywordClips, threads: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = make(clips, AugmentSettings())
    monkeypatch.setattr(views_module, "usable_cores", lambda: threads)
    monkeypatch.setattr(views_module, "BLOCK", block)
    found = make(clips, AugmentSettings())
    assert np.array_equal(found.features, expected.features)
    assert np.array_equal(found.centres, expected.centres)


def test_the_seed_decides(clips: KeywordClips) -> None:
    one, two = make(clips, seed=1), make(clips, seed=2)
    assert not np.array_equal(one.features, two.features)
    assert not np.array_equal(one.centres, two.centres)


def test_neither_other_words_nor_speech_are_needed(clips: KeywordClips) -> None:
    alone = KeywordClips(clips.words, clips.classes, [], [])
    assert make(alone, negative_share=1.0).features.shape[1] == 8


def test_a_word_longer_than_the_window_is_cut(clips: KeywordClips) -> None:
    long = KeywordClips([tone(4000, 20000)], np.array([1]), [], [])
    assert (make(long).centres <= SPEC.frames(SAMPLES)).all()
