"""Training, saving and predicting with small teachers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from firmware_bridge.base.errors import InvalidSetting, ModelInvalid
from train.evaluation.metrics import ccc
from train.teacher.network import build_tc_gru
from train.teacher.settings import TeacherSettings
from train.teacher.tc_gru import Teacher
from train.teacher.training import teacher_loss, train_teacher

SMALL: dict[str, Any] = {
    "filters": 8,
    "units": 8,
    "embedding": 8,
    "epochs": 14,
    "patience": 14,
    "learning_rate": 0.02,
    "dropout": 0.0,
    "noise": 0.0,
}
CLIPS, STEPS, CHANNELS = 96, 6, 4


@pytest.fixture(scope="module")
def task() -> dict[str, Any]:
    """Three classes, told apart by which channel rises over time; arousal is class 2, with holes."""
    rng = np.random.default_rng(7)
    labels = np.arange(CLIPS) % 3
    sequences = rng.normal(0, 0.3, (CLIPS, STEPS, CHANNELS))
    sequences[np.arange(CLIPS), :, labels] += np.linspace(-1, 2, STEPS)
    dimensions = np.stack([(labels == 2) * 1.0 - 0.5, rng.normal(size=CLIPS)], axis=1).astype(np.float32)
    dimensions[::5, 0] = np.nan
    train = np.arange(CLIPS) < 72
    return {
        "sequences": sequences.astype(np.float16),
        "targets": np.eye(3, dtype=np.float32)[labels],
        "dimensions": dimensions,
        "train": train,
        "validation": ~train,
        "labels": labels,
    }


def fit(task: dict[str, Any], dimensions: bool = False, **changes: Any) -> Teacher:
    return train_teacher(
        task["sequences"],
        task["targets"],
        task["dimensions"] if dimensions else None,
        task["train"],
        task["validation"],
        TeacherSettings(**{**SMALL, **changes}),
    )


@pytest.fixture(scope="module")
def teacher(task: dict[str, Any]) -> Teacher:
    return fit(task, dimensions=True)


def held_out_accuracy(teacher: Teacher, task: dict[str, Any]) -> float:
    guesses = teacher.predict(task["sequences"][task["validation"]]).argmax(axis=1)
    return float(np.mean(guesses == task["labels"][task["validation"]]))


def test_it_learns_with_both_heads(teacher: Teacher, task: dict[str, Any]) -> None:
    assert held_out_accuracy(teacher, task) > 0.9
    arousal = teacher.predict_dimensions(task["sequences"][task["validation"]])[:, 0]
    assert arousal[task["labels"][task["validation"]] == 2].min() > np.median(arousal)


def test_it_learns_by_ccc_alone(task: dict[str, Any]) -> None:
    assert held_out_accuracy(fit(task, objective="ccc"), task) > 0.9


def test_probabilities(teacher: Teacher, task: dict[str, Any]) -> None:
    found = teacher.predict(task["sequences"][:5])
    assert found.shape == (5, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert (found >= 0).all()


def test_the_same_seed_gives_the_same_weights(task: dict[str, Any]) -> None:
    one, two, other = (fit(task, epochs=2, dropout=0.3, noise=0.5, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one.network.get_weights(), two.network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.history == two.history
    assert not np.array_equal(one.predict(task["sequences"]), other.predict(task["sequences"]))


def test_saving_and_loading_keeps_every_answer(
    teacher: Teacher, task: dict[str, Any], tmp_path: Path
) -> None:
    teacher.save(tmp_path / "teacher.npz")
    back = Teacher.load(tmp_path / "teacher.npz")
    np.testing.assert_array_equal(back.predict(task["sequences"]), teacher.predict(task["sequences"]))
    assert (back.settings, back.history, back.dimensions) == (teacher.settings, teacher.history, 2)
    teacher.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "teacher.npz").read_bytes()
    np.load(tmp_path / "teacher.npz", allow_pickle=False).close()


@pytest.mark.parametrize("cut", [0, 10, 1000])
def test_a_damaged_file_is_refused(teacher: Teacher, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "teacher.npz"
    teacher.save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelInvalid, match="is no teacher"):
        Teacher.load(path)


def test_other_npz_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", mean=np.zeros(3))
    with pytest.raises(ModelInvalid, match="is no teacher"):
        Teacher.load(tmp_path / "x.npz")


def test_padding_is_not_heard(teacher: Teacher, task: dict[str, Any]) -> None:
    """What lies after the last real step changes nothing, and neither does the batch around a clip."""
    steps = np.array([4, 6, 2, 1])
    clips = task["sequences"][:4].copy()
    before = teacher.predict(clips, steps)
    for clip, real in zip(clips, steps, strict=True):
        clip[real:] = 100
    np.testing.assert_allclose(teacher.predict(clips, steps), before, atol=1e-6)
    np.testing.assert_allclose(teacher.predict(clips[:1], steps[:1]), before[:1], atol=1e-5)
    assert np.abs(teacher.predict(clips) - before).max() > 1e-3


def test_a_long_list_is_answered_in_order(teacher: Teacher, task: dict[str, Any]) -> None:
    many = np.concatenate([task["sequences"]] * 3)
    np.testing.assert_allclose(teacher.predict(many)[-CLIPS:], teacher.predict(task["sequences"]), atol=1e-6)


def test_the_best_pass_is_kept(task: dict[str, Any]) -> None:
    """With a rate that destroys, training stops `patience` passes after the best one."""
    wild = fit(task, learning_rate=3.0, epochs=12, patience=2)
    judged = wild.history["validation"]
    assert wild.history["kept"] == int(np.argmin(judged))
    assert len(judged) == min(12, wild.history["kept"] + 3)
    held = task["validation"]
    guesses = wild.predict(task["sequences"][held])
    kept = np.mean([ccc(task["targets"][held, k], guesses[:, k]) for k in range(3)])
    assert -kept == pytest.approx(min(judged), abs=1e-4)
    assert -kept < judged[-1]


def test_network_has_the_published_shape() -> None:
    """Temporal convolution of 3, two GRU layers of 256, an embedding of 256, heads; 1.25 M for 512 channels."""
    network = build_tc_gru(TeacherSettings(), channels=512, classes=8, dimensions=3)
    assert network.get_layer("temporal").kernel.shape == (3, 512, 256)
    assert network.get_layer("embedding").units == 256
    assert network.count_params() == 393_472 + 2 * 394_752 + 65_792 + 257 * 11
    outputs = network({"sequence": np.zeros((2, 5, 512), np.float32), "mask": np.ones((2, 5), np.float32)})
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "logits": (2, 8),
        "dimensions": (2, 3),
    }


def test_losses_add_up() -> None:
    import tensorflow as tf

    outputs = {"logits": tf.constant([[0.0, 0.0], [0.0, 0.0]]), "dimensions": tf.constant([[1.0], [2.0]])}
    batch = {"targets": tf.constant([[1.0, 0.0], [0.0, 1.0]]), "dimensions": tf.constant([[1.0], [2.0]])}
    settings = TeacherSettings(objective="cross_entropy", smoothing=0.0, dimension_weight=0.5)
    assert float(teacher_loss(outputs, batch, settings)) == pytest.approx(np.log(2) - 0.5, abs=1e-5)
    del outputs["dimensions"]
    assert float(teacher_loss(outputs, batch, settings)) == pytest.approx(np.log(2), abs=1e-6)
    paper = TeacherSettings(objective="ccc")
    assert float(teacher_loss(outputs, batch, paper)) == pytest.approx(0, abs=1e-6)


def test_smoothing_spreads_a_share_over_the_classes() -> None:
    import tensorflow as tf

    outputs = {"logits": tf.math.log(tf.constant([[0.8, 0.2]]))}
    batch = {"targets": tf.constant([[1.0, 0.0]])}
    settings = TeacherSettings(objective="cross_entropy", smoothing=0.2)
    expected = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2))
    assert float(teacher_loss(outputs, batch, settings)) == pytest.approx(expected, rel=1e-5)


def test_wrong_use_is_refused(teacher: Teacher, task: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting, match=r"reads \[clips, steps, 4\]"):
        teacher.predict(np.zeros((1, 6, 5), np.float16))
    with pytest.raises(InvalidSetting, match="no dimensional head"):
        fit(task, epochs=1).predict_dimensions(task["sequences"])
    with pytest.raises(InvalidSetting, match="cannot both"):
        fit({**task, "validation": task["train"]})
    with pytest.raises(InvalidSetting, match="too few"):
        fit({**task, "validation": np.zeros(CLIPS, bool)})
    with pytest.raises(ValidationError, match="extra"):
        TeacherSettings(layers=3)  # type: ignore[call-arg]
