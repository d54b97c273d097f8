"""The legs of a build that make data and networks, with small corpora and stand-ins for what trains for long."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.microfrontend import InputScaling, MicroFrontend
from firmware_bridge.reference.simulated_tpu import Int8Network
from tests.support.tiny_bundle import FRAMES, SPEC, one_layer
from tools.pipeline import emotion, keyword
from tools.pipeline.inputs import Inputs, gather
from tools.pipeline.int8 import run_int8
from tools.pipeline.recipe import parse_recipe
from tools.pipeline.stages import Stages
from train.corpora.reading import read_clips
from train.teacher.settings import TeacherSettings

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
MakeInputs = Callable[..., Inputs]


@pytest.fixture
def make_inputs(ravdess: Path, words_folder: Path) -> MakeInputs:
    """Gather a small recipe's inputs; sections given replace those of the recipe."""

    def make(**changes: Any) -> Inputs:
        data: dict[str, Any] = {
            "name": "tiny",
            "kind": "scratch",
            "seed": 5,
            "emotion_corpus": f"ravdess:{ravdess}",
            "keyword_corpus": f"speech_commands:{words_folder}",
            "window": {"window_ms": 800, "hop_ms": 400},
            "frontend": {"preset": "student"},
            "foundation": {"network": "none"},
            "split": {"test": 2, "validation": 1},
            "views": {"count": 2},
            "keyword_windows": {"views": 2},
            "composed": {"words": ("bed", "cat"), "table": dict.fromkeys(EMOTIONS, (20, 40, 40))},
        }
        return gather(parse_recipe(data | changes, "test"))

    return make


@pytest.fixture
def words_folder(words: Path) -> Path:
    return words


class TestViews:
    def test_the_first_view_is_the_clean_clip(self, make_inputs: MakeInputs, tmp_path: Path) -> None:
        inputs = make_inputs()
        views = np.load(emotion.make_views(inputs, Stages(tmp_path)) / "views.npy")
        frames = inputs.frontend.frames(inputs.recipe.window.window_samples)
        assert views.shape == (3, 48, frames, 40)
        assert views.dtype == np.int8
        pcm = read_clips(inputs.clips[:1])[0]
        padded = np.zeros(inputs.recipe.window.window_samples, np.int16)
        padded[: len(pcm)] = pcm
        clean = inputs.scaling.apply(MicroFrontend(inputs.frontend).process(padded))
        np.testing.assert_array_equal(views[0, 0], clean)
        assert (views[1] != views[0]).any()
        assert (views[1] != views[2]).any()

    def test_same_seed_same_bytes_other_seed_other_bytes(
        self, make_inputs: MakeInputs, tmp_path: Path
    ) -> None:
        made = [
            np.load(emotion.make_views(make_inputs(seed=seed), Stages(tmp_path / place)) / "views.npy")
            for place, seed in (("a", 1), ("b", 1), ("c", 2))
        ]
        np.testing.assert_array_equal(made[0], made[1])
        assert (made[0][1:] != made[2][1:]).any()
        np.testing.assert_array_equal(made[0][0], made[2][0])

    @pytest.mark.parametrize(
        ("section", "again"),
        [
            ({"views": {"count": 1}}, True),
            ({"augment": {"speed": 0.0}}, True),
            ({"window": {"window_ms": 900}}, True),
            ({"frontend": {"preset": "yamnet"}}, True),
            ({"fit": {"epochs": 9}}, False),
            ({"distil": {"weight": 0.9}}, False),
            ({"keyword": {"dropout": 0.4}}, False),
        ],
    )
    def test_views_are_made_again_only_for_what_they_show(
        self, make_inputs: MakeInputs, tmp_path: Path, section: dict[str, Any], again: bool
    ) -> None:
        kept = Stages(tmp_path)
        emotion.make_views(make_inputs(), kept)
        emotion.make_views(make_inputs(**section), kept)
        assert len(kept.made) == 1 + again


class TestTrunk:
    def test_activations_of_every_view(
        self, make_inputs: MakeInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Any] = []

        def activations(layer: int, features: np.ndarray) -> np.ndarray:
            seen.append((layer, features.shape))
            return features.astype(np.int16).sum((1, 2)).astype(np.uint8)[:, None, None, None]

        monkeypatch.setattr("train.student.trunk.trunk_activations", activations)
        inputs = make_inputs(kind="trunk", foundation={"trunk_layer": 11})
        kept = Stages(tmp_path)
        folder, data = emotion.training_data(inputs, kept)
        assert data.shape == (3, 48, 1, 1, 1)
        assert seen[0][0] == 11
        assert seen[0][1][0] == 3 * 48
        assert folder.parent.name == "activations"
        emotion.training_data(inputs, kept)
        assert kept.made == ["views", "activations"]

    def test_scratch_reads_the_views_themselves(self, make_inputs: MakeInputs, tmp_path: Path) -> None:
        folder, data = emotion.training_data(make_inputs(), Stages(tmp_path))
        assert folder.parent.name == "views"
        assert data.shape[:2] == (3, 48)

    def test_the_scale_of_what_the_student_reads(self, make_inputs: MakeInputs) -> None:
        from train.student.trunk import ACTIVATION_SCALE

        assert emotion.input_scale(make_inputs(kind="trunk")) == ACTIVATION_SCALE
        assert emotion.input_scale(make_inputs()) == InputScaling(kind="range").real_scale


class TestTeacher:
    @pytest.fixture
    def trained(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """Stand in for training; keep what the teacher was given."""
        calls: list[dict[str, Any]] = []

        class Teacher:
            def save(self, path: Path) -> None:
                np.savez(path, w=np.zeros(1))

            def predict(self, sequences: np.ndarray, steps: np.ndarray) -> np.ndarray:
                return np.full((len(sequences), 8), 0.125, np.float32)

        names = ("sequences", "targets", "dimensions", "learn", "judge", "settings", "steps")

        def train(*given: Any) -> Teacher:
            calls.append(dict(zip(names, given, strict=True)))
            return Teacher()

        monkeypatch.setattr("train.teacher.training.train_teacher", train)
        return calls

    def test_it_learns_from_training_speakers_only(
        self, make_inputs: MakeInputs, tmp_path: Path, trained: list[dict[str, Any]]
    ) -> None:
        inputs = make_inputs()
        folder = emotion.make_teacher(inputs, Stages(tmp_path))
        (call,) = trained
        assert set(inputs.speakers[call["learn"]]) == set(inputs.split.train)
        assert set(inputs.speakers[call["judge"]]) == set(inputs.split.validation)
        assert not (call["learn"] & call["judge"]).any()
        assert call["dimensions"] is None
        assert call["settings"].seed == inputs.recipe.seed
        assert len(call["sequences"]) == len(call["steps"]) == 48
        with np.load(folder / "probabilities.npz") as stored:
            assert stored["probabilities"].shape == (48, 8)

    def test_the_filterbank_teacher_has_its_own_settings_unless_the_recipe_says(
        self, make_inputs: MakeInputs, tmp_path: Path, trained: list[dict[str, Any]]
    ) -> None:
        from train.teacher.filterbank import FILTERBANK_TEACHER

        emotion.make_teacher(make_inputs(), Stages(tmp_path / "a"))
        emotion.make_teacher(make_inputs(teacher={"units": 9}), Stages(tmp_path / "b"))
        assert trained[0]["settings"] == FILTERBANK_TEACHER.model_copy(update={"seed": 5})
        assert trained[1]["settings"] == TeacherSettings(units=9, seed=5)

    def test_with_a_foundation_model_it_reads_the_chosen_layer(
        self,
        make_inputs: MakeInputs,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        trained: list[dict[str, Any]],
    ) -> None:
        ranked: dict[str, Any] = {}

        class Model:
            def __init__(self) -> None:
                self.layers = {"low": 1, "high": 2}

            def pooled(self, features: np.ndarray, layers: Any, lengths: np.ndarray) -> dict[str, Any]:
                ranked["pooled"] = (len(features), len(lengths))
                return {name: np.zeros((len(features), 2)) for name in layers}

            def sequences(self, features: np.ndarray, layers: tuple[str, ...]) -> dict[str, Any]:
                return {name: np.ones((len(features), 4, 3), np.float32) for name in layers}

        def rank(model: Any, pooled: Any, truth: Any, speakers: Any, targets: Any, seed: int) -> list[Any]:
            ranked["speakers"] = set(speakers.tolist())
            return [SimpleNamespace(layer=name, as_dict=lambda: {"layer": "x"}) for name in pooled]

        monkeypatch.setattr(emotion, "has_foundation", lambda recipe: True)
        monkeypatch.setattr("train.foundation.extract.YamNet", Model)
        monkeypatch.setattr("train.foundation.ranking.rank_layers", rank)
        monkeypatch.setattr("train.foundation.ranking.choose_layer", lambda scores, by: scores[-1])
        monkeypatch.setattr(
            "train.foundation.ranking.plot_ranking", lambda scores, path: path.write_bytes(b"picture")
        )
        inputs = make_inputs()
        kept = Stages(tmp_path)
        emotion.make_teacher(inputs, kept)
        assert kept.made == ["layers", "teacher"]
        assert ranked["speakers"] == set(inputs.split.train)
        assert ranked["pooled"] == (len(inputs.rows("train")),) * 2
        assert trained[0]["sequences"].shape == (48, 4, 3)
        assert (trained[0]["steps"] >= 1).all()
        assert (trained[0]["steps"] <= 4).all()
        layers = next((tmp_path / "layers").iterdir())
        assert json.loads((layers / "layers.json").read_text())["chosen"] == "high"
        teacher = next((tmp_path / "teacher").iterdir())
        assert (teacher / "layers.png").read_bytes() == b"picture", "the ranking travels with the teacher"

    @pytest.mark.parametrize(("frames", "steps"), [(1, 1), (10, 1), (11, 2), (50, 5), (100, 10), (0, 1)])
    def test_steps_that_are_speech_are_rounded_up(self, frames: int, steps: int) -> None:
        window = np.zeros((1, 100, 64), np.int8)
        assert emotion.sequence_steps(np.array([frames]), 10, window).tolist() == [steps]

    def test_dimensions_only_where_somebody_labelled_them(self, make_inputs: MakeInputs) -> None:
        inputs = make_inputs()
        assert emotion.dimensional_targets(inputs) is None
        labelled = replace(inputs.emotion_corpus.clips[3], valence=0.5, arousal=-0.25)
        clips = (*inputs.emotion_corpus.clips[:3], labelled, *inputs.emotion_corpus.clips[4:])
        table = emotion.dimensional_targets(
            replace(inputs, emotion_corpus=replace(inputs.emotion_corpus, clips=clips))
        )
        assert table is not None
        assert table.shape == (48, 3)
        assert table[3, :2].tolist() == [0.5, -0.25]
        assert np.isnan(table[3, 2])
        assert np.isnan(table[0]).all()


class TestStudent:
    def test_only_the_given_clips_are_learnt(
        self, make_inputs: MakeInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[tuple[Any, ...]] = []
        model = SimpleNamespace(get_weights=lambda: [np.zeros(2), np.ones(3)])

        def fit(build: Any, data: np.ndarray, targets: np.ndarray, *rest: Any) -> Any:
            calls.append((data, targets, *rest))
            return model

        monkeypatch.setattr("train.student.fit.fit", fit)
        monkeypatch.setattr(
            "train.student.fit.predict", lambda model, data, scale: np.zeros((len(data), 8), np.float32)
        )
        inputs, kept = make_inputs(), Stages(tmp_path)
        rows = inputs.rows("train")
        teacher = tmp_path / "teacher"
        teacher.mkdir()
        np.savez(
            teacher / "probabilities.npz",
            probabilities=np.arange(48 * 8, dtype=np.float32).reshape(48, 8),
        )
        plain = emotion.train_student(inputs, kept, "plain", rows, 3, None)
        taught = emotion.train_student(inputs, kept, "taught", rows, 3, teacher)
        views = np.load(emotion.make_views(inputs, kept) / "views.npy")
        for data, targets, settings, seed, _scale, _title, *_ in calls:
            np.testing.assert_array_equal(data, views[:, rows])
            np.testing.assert_array_equal(targets, inputs.targets[rows])
            assert settings == inputs.recipe.fit
            assert seed == 3
        assert calls[0][6] is None
        assert calls[1][6][:, 0].tolist() == [8 * row for row in rows]
        assert (plain.taught, taught.taught) == (False, True)
        with np.load(plain.folder / "weights.npz") as weights:
            assert sorted(weights.files) == ["w000", "w001"]


class TestWords:
    def test_classes_start_after_none(self, make_inputs: MakeInputs) -> None:
        inputs = make_inputs()
        classes = keyword.keyword_class(inputs, inputs.keywords)
        assert {(c.label, int(k)) for c, k in zip(inputs.keywords, classes, strict=True)} == {
            ("bed", 1),
            ("cat", 2),
        }

    def test_training_windows_hear_training_speakers_only(
        self, make_inputs: MakeInputs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[str] = []

        def listen(clips: Any, title: str) -> list[np.ndarray]:
            heard.extend(clip.speaker for clip in clips)
            return read_clips(clips, title)

        monkeypatch.setattr("train.corpora.reading.read_clips", listen)
        inputs = make_inputs()
        views = keyword.training_windows(inputs)
        assert set(heard) <= {*inputs.split.train, *inputs.word_split.train}
        count = len(inputs.word_split.take("train", inputs.keywords))
        assert views.features.shape[:2] == (2, count + count // 2)
        assert views.classes[count:].tolist() == [0] * (count // 2)
        assert (views.centres[:, :count] >= 0).all()
        assert (views.centres[:, count:] == -1).all()


class TestInteger:
    def test_every_window_is_scored_in_its_place(self, tmp_path: Path) -> None:
        model = tmp_path / "m.tflite"
        model.write_bytes(one_layer(3, 4))
        dice = np.random.default_rng(1)
        windows = dice.integers(-128, 128, (7, FRAMES, SPEC.channels)).astype(np.int8)
        network = Int8Network(model)
        expected = np.stack([network.run(window) for window in windows])
        np.testing.assert_array_equal(run_int8(model, windows, "scoring"), expected)
        np.testing.assert_array_equal(run_int8(model, windows[:1], "scoring"), expected[:1])
