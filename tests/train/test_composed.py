"""The composed set: the table is followed, both parts are kept, and the keyword is where it is said to be."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import chi2

from firmware_bridge.base.errors import InvalidSetting
from train.composed import Composed, ComposedSettings, compose, draw, trim

TABLE = {"happy": (10.0, 20.0, 30.0, 40.0), "sad": (70.0, 15.0, 15.0, 0.0)}
SETTINGS = ComposedSettings(table=TABLE, level_db=0)
SAMPLES = 24000
NAN = float("nan")


def tone(hertz: float, samples: int, level: float = 8000) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(samples) / 16000)).astype(np.int16)


def strength(pcm: np.ndarray, hertz: float) -> np.ndarray:
    """Return how strong a tone is in every 20 ms frame (1.0 for full scale)."""
    frames = pcm[: len(pcm) // 320 * 320].reshape(-1, 320).astype(float)
    wave = np.exp(-2j * np.pi * hertz * np.arange(320) / 16000)
    return np.abs(frames @ wave) / 160 / 32768


def test_trim_cuts_silence_and_leaves_50_ms() -> None:
    clip = np.zeros(16000, np.float32)
    clip[6400:9600] = 0.5
    assert np.array_equal(trim(clip), clip[5600:10400])


def test_trim_keeps_what_is_within_35_db() -> None:
    clip = np.full(9600, 0.5, np.float32)
    clip[:3200], clip[6400:] = 0.5 * 10 ** (-34 / 20), 0.5 * 10 ** (-36 / 20)
    assert np.array_equal(trim(clip), clip[: 6400 + 800])


@pytest.mark.parametrize("samples", [0, 1, 319, 639, 16000])
def test_trim_leaves_silence_and_scraps_alone(samples: int) -> None:
    silent = np.zeros(samples, np.float32)
    assert np.array_equal(trim(silent), silent)


def rows(draws: list, emotions: np.ndarray) -> np.ndarray:
    counts = np.zeros((2, 4))
    for one in draws:
        counts[emotions[one.emotion], one.keyword] += 1
    return counts


def test_draws_follow_the_table() -> None:
    """Pearson's chi-square per emotion; a word of probability 0 is never drawn."""
    table = SETTINGS.probabilities(["happy", "sad"])
    emotions = np.repeat([0, 1], 500)
    counts = rows(draw(emotions, np.array([1, 2, 2, 3]), table, 4, seed=3), emotions)
    assert counts.sum(1).tolist() == [2000, 2000]
    assert counts[1, 3] == 0
    for found, wanted in zip(counts, table * 2000, strict=True):
        possible = wanted > 0
        statistic = ((found[possible] - wanted[possible]) ** 2 / wanted[possible]).sum()
        assert statistic < chi2.ppf(0.999, possible.sum() - 1)


def test_draws_pick_clips_of_the_word_and_every_emotional_clip_as_often() -> None:
    classes, emotions = np.array([3, 1, 2, 1, 3]), np.array([0, 1, 0])
    draws = draw(emotions, classes, SETTINGS.probabilities(["happy", "sad"]), 50, seed=1)
    assert [one.emotion for one in draws] == [0, 1, 2] * 50
    for one in draws:
        assert one.clip == -1 if one.keyword == 0 else classes[one.clip] == one.keyword
    assert {one.clip for one in draws} == {-1, 0, 1, 2, 3, 4}


def test_same_seed_same_draws() -> None:
    given = (np.zeros(30, np.int64), np.array([1, 2, 3]), SETTINGS.probabilities(["happy"]), 2)
    assert draw(*given, seed=5) == draw(*given, seed=5)
    assert draw(*given, seed=5) != draw(*given, seed=6)


def test_a_word_without_clips_is_an_error() -> None:
    with pytest.raises(InvalidSetting, match="class 2"):
        draw(np.zeros(1, np.int64), np.array([1, 3]), SETTINGS.probabilities(["happy"]), 1, 0)


def test_both_parts_are_kept_with_the_pause_between_them(rng: np.random.Generator) -> None:
    speech, word = tone(400, 9600), tone(2000, 4800)
    orders = set()
    for _ in range(30):
        made = compose(speech, word, SAMPLES, SETTINGS, rng)
        assert made.pcm.dtype == np.int16
        assert made.pcm.shape == (SAMPLES,)
        low, high = (np.flatnonzero(strength(made.pcm, f) > 0.05) for f in (400, 2000))
        assert abs(len(low) - 30) <= 2
        assert abs(len(high) - 15) <= 2
        first, second = (low, high) if low[0] < high[0] else (high, low)
        assert 80 <= (second[0] - first[-1] - 1) * 20 <= 320  # 100 to 300 ms, to a frame
        orders.add(low[0] < high[0])
    assert orders == {True, False}


def test_the_centre_points_at_the_keyword(rng: np.random.Generator) -> None:
    word = rng.normal(0, 5000, 4800).astype(np.int16)
    for _ in range(20):
        made = compose(tone(400, 9600), word, SAMPLES, SETTINGS, rng)
        match = np.correlate(made.pcm.astype(float), word.astype(float), "valid")
        assert made.centre == int(match.argmax()) + 2400


def test_the_keyword_is_as_loud_as_the_speech_within_the_level(rng: np.random.Generator) -> None:
    settings = SETTINGS.model_copy(update={"level_db": 6.0})
    levels = []
    for _ in range(60):
        pcm = compose(tone(400, 9600, 3000), tone(2000, 4800, 300), SAMPLES, settings, rng).pcm
        levels.append(20 * np.log10(strength(pcm, 2000).max() / strength(pcm, 400).max()))
    assert -6.3 < min(levels) < -4
    assert 4 < max(levels) < 6.3


def test_without_keyword_the_speech_lies_anywhere(rng: np.random.Generator) -> None:
    speech = tone(400, 9600)
    starts = []
    for _ in range(40):
        made = compose(speech, None, SAMPLES, SETTINGS, rng)
        assert made.centre == -1
        starts.append(int(np.flatnonzero(made.pcm)[0]))
        assert np.count_nonzero(made.pcm) > 9000
    assert min(starts) < 3000
    assert max(starts) > SAMPLES - 9600 - 3000


def test_where_both_do_not_fit_the_speech_loses_its_end(rng: np.random.Generator) -> None:
    speech = np.concatenate([tone(400, 12800), tone(800, 19200)])
    for _ in range(10):
        made = compose(speech, tone(2000, 4800), SAMPLES, SETTINGS, rng)
        assert abs(np.count_nonzero(strength(made.pcm, 2000) > 0.05) - 15) <= 2
        assert abs(np.count_nonzero(strength(made.pcm, 400) > 0.05) - 40) <= 2
        assert 4 <= np.count_nonzero(strength(made.pcm, 800) > 0.05) <= 17
    assert compose(speech, None, SAMPLES, SETTINGS, rng).pcm[-1000:].any()


@pytest.mark.parametrize("silent", ["speech", "word"])
def test_silent_parts_are_borne(silent: str, rng: np.random.Generator) -> None:
    nothing = np.zeros(4800, np.int16)
    pair = (nothing, tone(400, 4800)) if silent == "speech" else (tone(400, 4800), nothing)
    assert isinstance(compose(*pair, SAMPLES, SETTINGS, rng), Composed)


def test_same_generator_same_window() -> None:
    one, two = (
        compose(tone(400, 9600), tone(2000, 4800), SAMPLES, SETTINGS, np.random.default_rng(1))
        for _ in range(2)
    )
    assert np.array_equal(one.pcm, two.pcm)
    assert one.centre == two.centre


def test_probabilities_follow_the_labels() -> None:
    assert SETTINGS.classes == ("none", "bed", "cat", "happy")
    assert SETTINGS.probabilities(["sad", "happy"]).tolist() == [[0.7, 0.15, 0.15, 0], [0.1, 0.2, 0.3, 0.4]]
    with pytest.raises(InvalidSetting, match="no row for: angry, calm"):
        SETTINGS.probabilities(["sad", "angry", "calm"])


@pytest.mark.parametrize(
    "row", [(50, 50), (10, 20, 30, 30), (120, -20, 0, 0), (NAN, 0, 0, 100), (20, 20, 20, 20, 20)]
)
def test_a_row_must_be_a_distribution(row: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="the row of 'sad' must hold 4 percentages"):
        ComposedSettings(table={"sad": row})


@pytest.mark.parametrize(
    "change",
    [
        {"gap_ms": (300, 100)},
        {"gap_ms": (-1, 100)},
        {"words": ("bed", "cat", "bed")},
        {"words": ("bed", "none", "cat")},
        {"draws": 0},
    ],
)
def test_settings_that_contradict_themselves_are_refused(change: dict) -> None:
    with pytest.raises(ValidationError):
        ComposedSettings(table=TABLE, **change)
