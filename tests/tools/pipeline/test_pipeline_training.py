"""The legs of a build that make data and networks, with small corpora and stand-ins for what trains for long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.microfrontend import InputScaling, MicroFrontend
from firmware_bridge.reference.simulated_tpu import Int8Network
from tests.support.tiny_bundle import FRAMES, SPEC, one_layer
from tools.pipeline import emotion, keyword
from tools.pipeline.inputs import Inputs
from tools.pipeline.int8 import run_int8
from tools.pipeline.stages import Stages
from train.corpora.reading import read_clips

MakeInputs = Callable[..., Inputs]


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
