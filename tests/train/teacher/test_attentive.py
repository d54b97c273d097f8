"""The attentive teacher: its statistics by hand, that it learns where to listen, and that padding is silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from train.teacher import TEACHERS, Lesson
from train.teacher.attentive import AttentiveSettings, attended, train_attentive

SMALL = AttentiveSettings(
    width=16, heads=2, epochs=30, batch=16, noise=0.1, input_dropout=0.0, dropout=0.1, rate=1e-2
)


def lesson(seed: int = 1) -> Lesson:
    """A click at an unknown step says the class; all else is noise, and clips have several lengths."""
    rng = np.random.default_rng(seed)
    truth = np.arange(96) % 3
    sequences = rng.normal(0, 0.2, (96, 12, 4)).astype(np.float32)
    steps = 6 + np.arange(96) % 7
    for clip, label in enumerate(truth):
        sequences[clip, int(rng.integers(0, steps[clip])), label] += 4
        sequences[clip, steps[clip] :] = 0
    learn = np.arange(96) < 72
    return Lesson(sequences, steps, np.eye(3, dtype=np.float32)[truth], None, learn, ~learn, seed)


def test_mean_and_deviation_under_attention_by_hand() -> None:
    """Even scores over the steps 1 and 3: mean 2, deviation 1. A score that is far higher hears its step alone."""
    import tensorflow as tf

    values = tf.constant([[[1.0], [3.0], [50.0]]])
    mask = tf.constant([[1.0, 1.0, 0.0]])
    even = attended(values, tf.zeros((1, 3, 1)), mask).numpy()
    assert even[0] == pytest.approx([2, 1], abs=1e-4)
    sure = attended(values, tf.constant([[[0.0], [40.0], [0.0]]]), mask).numpy()
    assert sure[0] == pytest.approx([3, np.sqrt(1e-5)], abs=1e-4)


def test_it_finds_the_click() -> None:
    given = lesson()
    made = train_attentive(given, SMALL)
    said = made.predict(given.sequences, given.steps)
    assert said.sum(1) == pytest.approx(1, rel=1e-5)
    unheard = ~given.learn
    assert (said.argmax(1) == given.targets.argmax(1))[unheard].mean() > 0.8


def test_padding_is_not_heard() -> None:
    given = lesson()
    made = train_attentive(given, SMALL.model_copy(update={"epochs": 1}))
    noisy = given.sequences.copy()
    for row, count in zip(noisy, given.steps, strict=True):
        row[count:] = 7
    np.testing.assert_allclose(
        made.predict(noisy, given.steps), made.predict(given.sequences, given.steps), rtol=1e-5
    )


def test_the_same_lesson_gives_the_same_file(tmp_path: Path) -> None:
    given = lesson()
    for name in ("a", "b"):
        train_attentive(given, SMALL.model_copy(update={"epochs": 2})).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_it_is_known_by_name() -> None:
    assert TEACHERS.find("attentive").train is train_attentive
