"""What the teachers of a build hear and say: chosen by name, trained on whom they may be, averaged, stood in for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from tests.support.wave_network import write_wave_network
from tools.pipeline import teachers
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages
from train.features import FEATURES
from train.features.filterbank_pitch import FilterbankSettings
from train.features.yamnet_layer import YamnetLayerSettings
from train.teacher import TEACHERS, Lesson, TeacherPart
from train.teacher.settings import FILTERBANK_TEACHER, TeacherSettings

MakeInputs = Callable[..., Inputs]
SPECTRUM = {"name": "micro_frontend", "average": 8}


class Parrot:
    """A teacher that says for every clip the class that it was told to."""

    def __init__(self, classes: int, favourite: int) -> None:
        self.shares = np.full(classes, 0.1 / (classes - 1), np.float32)
        self.shares[favourite] = 0.9

    def predict(self, sequences: np.ndarray, steps: np.ndarray | None = None) -> np.ndarray:
        return np.tile(self.shares, (len(sequences), 1))

    def save(self, path: Path) -> None:
        np.savez(path, shares=self.shares)


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Lesson]]:
    """The lessons that every `regression` was given; the n-th one favours class n."""
    given: list[Lesson] = []

    def train(lesson: Lesson, settings: Any) -> Parrot:
        given.append(lesson)
        return Parrot(lesson.targets.shape[1], len(given) - 1)

    part = TEACHERS["regression"]
    monkeypatch.setitem(TEACHERS, "regression", TeacherPart("regression", "", part.settings, train))
    return given


def shares(folder: Path) -> np.ndarray:
    with np.load(folder / "probabilities.npz", allow_pickle=False) as stored:
        found: np.ndarray = stored["probabilities"]
    return found


def one(**more: Any) -> list[dict[str, Any]]:
    return [{"feature": SPECTRUM, "model": {"name": "regression"}, **more}]


def test_it_learns_from_training_speakers_alone(
    make_inputs: MakeInputs, tmp_path: Path, lessons: list[Lesson]
) -> None:
    inputs = make_inputs(teachers=one())
    folder = teachers.make_teacher(inputs, Stages(tmp_path))
    (lesson,) = lessons
    assert set(inputs.speakers[lesson.learn]) == set(inputs.split.train)
    assert set(inputs.speakers[lesson.watch]) == set(inputs.split.validation)
    assert lesson.dimensions is None
    assert lesson.seed == inputs.recipe.seed
    assert lesson.sequences.shape[::2] == (48, 40)
    assert (lesson.steps >= 1).all()
    assert shares(folder).shape == (48, 8)


def test_out_of_fold_no_clip_is_told_by_a_teacher_that_learnt_its_speaker(
    make_inputs: MakeInputs, tmp_path: Path, lessons: list[Lesson]
) -> None:
    inputs = make_inputs(teachers=one(inner_folds=2))
    found = shares(teachers.make_teacher(inputs, Stages(tmp_path)))
    assert len(lessons) == 2
    train = inputs.rows("train")
    for row in train:
        whose = int(found[row].argmax())  # the n-th teacher favours class n
        assert inputs.speakers[row] not in inputs.speakers[lessons[whose].learn]
    for lesson in lessons:
        assert set(np.flatnonzero(lesson.learn)) < set(train)
    test = inputs.rows("test")
    assert found[test, 0] == pytest.approx(found[test, 1], rel=1e-5), "others hear both alike"
    assert found.sum(1) == pytest.approx(1, rel=1e-5)


def test_several_teachers_are_averaged(
    make_inputs: MakeInputs, tmp_path: Path, lessons: list[Lesson]
) -> None:
    inputs = make_inputs(teachers=[*one(), *one(inner_folds=2)])
    kept = Stages(tmp_path)
    found = shares(teachers.make_teacher(inputs, kept))
    alone = [shares(next((tmp_path / f"listened-{index}").iterdir())) for index in (0, 1)]
    product = (alone[0] + 1e-4) * (alone[1] + 1e-4)
    expected = np.sqrt(product) / np.sqrt(product).sum(1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert {"heard-0", "heard-1", "listened-0", "listened-1", "teacher"} <= set(kept.made)


def test_the_geometric_mean_by_hand() -> None:
    """sqrt(.8 * .2) = sqrt(.2 * .8): even; a class that one rules out is not silenced for good."""
    even = teachers.geometric_mean([np.array([[0.8, 0.2]], np.float32), np.array([[0.2, 0.8]], np.float32)])
    assert even == pytest.approx(np.array([[0.5, 0.5]]))
    ruled_out = teachers.geometric_mean(
        [np.array([[1.0, 0.0]], np.float32), np.array([[0.1, 0.9]], np.float32)]
    )
    assert 0.02 < ruled_out[0, 1] < 0.05


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ({}, []),
        ({"fit": {"epochs": 3}}, []),
        ({"teachers": one(model={"name": "regression", "inverse_penalty": 0.5})}, ["listened-0", "teacher"]),
        ({"teachers": one(feature={**SPECTRUM, "average": 4})}, ["heard-0", "listened-0", "teacher"]),
        ({"teachers": one(inner_folds=2)}, ["listened-0", "teacher"]),
    ],
)
def test_only_what_changed_is_made_again(
    change: dict[str, Any], made: list[str], make_inputs: MakeInputs, tmp_path: Path
) -> None:
    first, second = Stages(tmp_path), Stages(tmp_path)
    teachers.make_teacher(make_inputs(teachers=one()), first)
    teachers.make_teacher(make_inputs(**{"teachers": one(), **change}), second)
    assert second.made == made


def test_a_layer_is_ranked_and_the_ranking_travels(make_inputs: MakeInputs, tmp_path: Path) -> None:
    network = write_wave_network(tmp_path / "small.onnx")
    feature = {"name": "encoder", "encoder": f"onnx:{network}", "statistics": True}
    inputs = make_inputs(teachers=one(feature=feature))
    kept = Stages(tmp_path / "stages")
    folder = teachers.make_teacher(inputs, kept)
    layers = json.loads((folder / "layers.json").read_text())
    assert layers["chosen"] in [row["layer"] for row in layers["layers"]]
    assert layers["heard"] == [layers["chosen"]]
    assert (folder / "layers.png").read_bytes().startswith(b"\x89PNG")
    fold = teachers.make_teacher(inputs, kept, inputs.rows("test"), inputs.rows("train"), "-fold")
    listened = [name for name in kept.made if name.startswith("heard-onnx")]
    assert len(listened) == 1, "what rests on the sound alone is computed once for all folds"
    assert shares(fold).shape == (48, 8)


class TestStandIns:
    @pytest.fixture
    def missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        part = FEATURES["encoder"]
        monkeypatch.setitem(FEATURES, "encoder", replace(part, lacks=lambda settings: "no such file"))

    def test_what_is_here_is_used(
        self, missing: None, make_inputs: MakeInputs, caplog: pytest.LogCaptureFixture
    ) -> None:
        recipe = make_inputs(teachers=[{"feature": {"name": "encoder"}, "model": {}}, *one()]).recipe
        assert teachers.teachers_at_hand(recipe) == recipe.teachers[1:]
        assert "a teacher on 'encoder' is left out: no such file" in caplog.text
        assert "stands in" not in caplog.text

    @pytest.mark.parametrize("yamnet", [True, False])
    def test_without_any_the_stand_in_is_named(
        self,
        yamnet: bool,
        missing: None,
        make_inputs: MakeInputs,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(teachers, "has_foundation", lambda recipe: yamnet)
        (found,) = teachers.teachers_at_hand(make_inputs().recipe)
        feature = YamnetLayerSettings() if yamnet else FilterbankSettings()
        assert found.feature == feature
        assert found.model == (TeacherSettings() if yamnet else FILTERBANK_TEACHER)
        hears = "a layer of YAMNet" if yamnet else "filterbank and pitch"
        assert f"a recurrent teacher on {hears} stands in" in caplog.text
        caplog.clear()
        teachers.teachers_at_hand(make_inputs().recipe, warn=False)
        assert caplog.text == ""


class TestBadRecipes:
    @pytest.mark.parametrize(
        ("teacher", "error", "names"),
        [
            ({"feature": {"name": "ear"}, "model": {}}, UnknownName, "micro_frontend"),
            ({"feature": {}, "model": {"name": "oracle"}}, UnknownName, "tc_gru"),
            ({"feature": {}, "model": {"name": "regression", "units": 3}}, InvalidSetting, "inverse_penalty"),
            ({"feature": {"name": "encoder", "average": 0}, "model": {}}, InvalidSetting, "average"),
            ({"feature": {}, "model": {"name": "tc_gru", "objective": "hope"}}, UnknownName, "cross_entropy"),
            ({"feature": {}, "model": {}, "inner_folds": -1}, InvalidSetting, "inner_folds"),
            ({"feature": {}}, InvalidSetting, "model"),
        ],
    )
    def test_each_mistake_names_what_would_do(
        self, teacher: dict[str, Any], error: type[Exception], names: str, make_inputs: MakeInputs
    ) -> None:
        with pytest.raises(error) as told:
            make_inputs(teachers=[teacher])
        assert names in f"{told.value} {getattr(told.value, 'remedy', '')}"

    def test_no_teacher_at_all(self, make_inputs: MakeInputs) -> None:
        with pytest.raises(InvalidSetting, match="teachers"):
            make_inputs(teachers=[])


def test_dimensions_only_where_somebody_labelled_them(make_inputs: MakeInputs) -> None:
    inputs = make_inputs()
    assert teachers.dimensional_targets(inputs) is None
    labelled = replace(inputs.emotion_corpus.clips[3], valence=0.5, arousal=-0.25)
    clips = (*inputs.emotion_corpus.clips[:3], labelled, *inputs.emotion_corpus.clips[4:])
    table = teachers.dimensional_targets(
        replace(inputs, emotion_corpus=replace(inputs.emotion_corpus, clips=clips))
    )
    assert table is not None
    assert table.shape == (48, 3)
    assert table[3, :2].tolist() == [0.5, -0.25]
    assert np.isnan(table[3, 2])
    assert np.isnan(table[0]).all()
