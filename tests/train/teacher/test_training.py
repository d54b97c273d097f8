"""How a teacher is fitted: what scales its input, when it stops, and which weights are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.events import Event, Kind, Outcome, listening
from train.objectives.ccc import negative_mean_ccc
from train.teacher.scaling import real_steps
from train.teacher.settings import TeacherSettings
from train.teacher.tc_gru import Teacher
from train.teacher.training import train_teacher

SMALL: dict[str, Any] = {"filters": 4, "units": 4, "embedding": 4, "dropout": 0.0, "noise": 0.0, "batch": 8}
CLIPS, STEPS, CHANNELS = 30, 5, 3


def made() -> np.ndarray:
    """Clips whose class is the channel that is loud."""
    rng = np.random.default_rng(20251120)
    sequences = rng.normal(0, 0.2, (CLIPS, STEPS, CHANNELS)).astype(np.float32)
    sequences[np.arange(CLIPS), :, np.arange(CLIPS) % 3] += 1
    return sequences


SEQUENCES = made()
TARGETS = np.eye(3, dtype=np.float32)[np.arange(CLIPS) % 3]
TRAIN = np.arange(CLIPS) < 21


def fit(sequences: np.ndarray, steps: np.ndarray | None = None, **changes: Any) -> Teacher:
    given = {"targets": TARGETS, "dimensions": None, "train": TRAIN, "validation": ~TRAIN}
    settings = {"epochs": 3, "patience": 3}
    for name in list(changes):
        (given if name in given else settings)[name] = changes[name]
    return train_teacher(sequences, settings=TeacherSettings(**SMALL | settings), steps=steps, **given)


@pytest.fixture(scope="module")
def learnt() -> Teacher:
    """Ten passes over a task that can be learnt."""
    return fit(SEQUENCES, epochs=10, patience=10, learning_rate=0.02)


@pytest.fixture(scope="module")
def still() -> tuple[Teacher, list[Event]]:
    """A teacher that learns nothing, because a step is next to nothing, and what was told on the way."""
    told: list[Event] = []
    with listening(told.append):
        teacher = fit(SEQUENCES, epochs=9, patience=2, learning_rate=1e-12, weight_decay=0.0)
    return teacher, [event for event in told if event.step == "training the teacher"]


@pytest.fixture(scope="module")
def odd() -> Teacher:
    """Padding that is loud, a channel that never moves, a dimension that nobody rated, watched clips like thunder."""
    sequences, steps = SEQUENCES.copy(), np.full(CLIPS, 3)
    sequences[:, 3:] = 1000
    sequences[:, :, 1] = 5
    sequences[~TRAIN] *= 100
    dimensions = np.full((CLIPS, 2), np.nan, np.float32)
    dimensions[:, 0] = np.linspace(-1, 1, CLIPS)
    return fit(sequences, steps, dimensions=dimensions, epochs=1)


class TestScaling:
    def test_it_is_mean_and_deviation_of_what_was_heard(self, learnt: Teacher) -> None:
        heard = SEQUENCES[TRAIN].reshape(-1, CHANNELS)
        assert learnt.mean == pytest.approx(heard.mean(axis=0), abs=1e-5)
        assert learnt.deviation == pytest.approx(heard.std(axis=0), abs=1e-5)

    def test_neither_padding_nor_watched_clips_count(self, odd: Teacher) -> None:
        heard = SEQUENCES[TRAIN][:, :3].reshape(-1, CHANNELS)
        assert odd.mean[[0, 2]] == pytest.approx(heard.mean(axis=0)[[0, 2]], abs=1e-5)
        assert odd.deviation[[0, 2]] == pytest.approx(heard.std(axis=0)[[0, 2]], abs=1e-5)

    def test_a_channel_that_never_moves_is_not_blown_up(self, odd: Teacher) -> None:
        assert odd.mean[1] == 5
        assert odd.deviation[1] == pytest.approx(1e-2)

    def test_real_steps_by_hand(self) -> None:
        given = np.zeros((3, 4, 1))
        assert real_steps(given, np.array([4, 2, 0])).tolist() == [
            [True, True, True, True],
            [True, True, False, False],
            [True, False, False, False],  # a clip without a step would have nothing to be heard by
        ]
        assert real_steps(given, None).all()


class TestStopping:
    def test_it_stops_when_nothing_gets_better(self, still: tuple[Teacher, list[Event]]) -> None:
        """The same agreement once more is not a better one."""
        history = still[0].history
        assert len(history["validation"]) == history["kept"] + 1 + 2 < 9

    def test_progress_is_told_and_an_early_stop_ends_it(self, still: tuple[Teacher, list[Event]]) -> None:
        teacher, told = still
        assert [event.kind for event in told][:: len(told) - 1] == [Kind.BEGUN, Kind.ENDED]
        assert told[-1].total == 9
        assert told[-1].items == len(teacher.history["train"]) - 1, "the last pass was left in its midst"
        assert told[-1].outcome is Outcome.STOPPED

    def test_never_more_passes_than_asked_for(self, learnt: Teacher) -> None:
        assert len(learnt.history["train"]) == len(learnt.history["validation"]) == 10

    def test_the_pass_that_is_kept_is_the_best_and_its_weights_are_there(self, learnt: Teacher) -> None:
        judged = learnt.history["validation"]
        assert learnt.history["kept"] == int(np.argmin(judged))
        again = float(negative_mean_ccc(TARGETS[~TRAIN], learnt.predict(SEQUENCES[~TRAIN])))
        assert again == pytest.approx(min(judged), abs=1e-4)

    def test_losses_fall(self, learnt: Teacher) -> None:
        assert learnt.history["train"][-1] < 0.9 * learnt.history["train"][0]


class TestDimensions:
    def test_one_that_nobody_rated_does_not_spoil_the_other(self, odd: Teacher) -> None:
        assert np.isfinite(odd.history["train"]).all()
        said = odd.predict_dimensions(SEQUENCES)
        assert said.shape == (CLIPS, 2)
        assert np.isfinite(said).all()


class TestRefused:
    def test_a_clip_on_both_sides(self) -> None:
        both = TRAIN | (np.arange(CLIPS) == 25)
        with pytest.raises(InvalidSetting, match="cannot both train the teacher and stop it") as caught:
            fit(SEQUENCES, train=both)
        assert caught.value.remedy == "use disjoint speakers"

    @pytest.mark.parametrize(("train", "validation"), [(1, 9), (0, 9), (21, 0)])
    def test_too_few_clips(self, train: int, validation: int) -> None:
        places = np.arange(CLIPS)
        with pytest.raises(
            InvalidSetting, match=f"{train} clips to train and {validation} to validate are too few"
        ):
            fit(SEQUENCES, train=places < train, validation=places >= CLIPS - validation)
