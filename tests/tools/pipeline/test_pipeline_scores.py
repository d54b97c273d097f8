"""The legs of a build that judge: composed windows, fusion, the choice of the student, every figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.testing import small_network
from firmware_bridge.base.errors import SpeakerLeak
from firmware_bridge.contract.fusion import FusionHead
from tools.pipeline import figures, fusion
from tools.pipeline.emotion import Student
from tools.pipeline.fusion import PARTS, ComposedPart, composed_pcm, draws_of, fusion_scores, load_part, real
from tools.pipeline.inputs import Inputs, gather
from tools.pipeline.recipe import parse_recipe
from tools.pipeline.stages import Stages
from tools.pipeline.summary import ROWS
from train.evaluation.leak import require_disjoint
from train.evaluation.score import score

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# Two emotions give their word away; the others say nothing.
TABLE = dict.fromkeys(EMOTIONS, (34, 33, 33)) | {"happy": (0, 100, 0), "sad": (0, 0, 100)}


@pytest.fixture
def inputs(ravdess: Path, words: Path) -> Inputs:
    data = {
        "name": "tiny",
        "kind": "scratch",
        "seed": 5,
        "emotion_corpus": f"ravdess:{ravdess}",
        "keyword_corpus": f"speech_commands:{words}",
        "window": {"window_ms": 1500, "hop_ms": 500},
        "frontend": {"preset": "student"},
        "foundation": {"network": "none"},
        "split": {"test": 2, "validation": 1},
        "composed": {"words": ("bed", "cat"), "table": TABLE, "draws": 2},
    }
    return gather(parse_recipe(data, "test"))


class TestComposed:
    @pytest.mark.parametrize("part", PARTS)
    def test_each_part_has_its_own_voices(self, inputs: Inputs, part: str) -> None:
        voices, spoken, times = PARTS[part]
        rows, clips, drawn = draws_of(inputs, part)
        assert set(inputs.speakers[rows]) == set(inputs.split.as_dict()[voices])
        assert {clip.speaker for clip in clips} == set(inputs.word_split.as_dict()[spoken])
        assert len(drawn) == len(rows) * 2 * times
        for one in drawn:
            assert (one.clip == -1) is (one.keyword == 0)
            if one.keyword:
                assert clips[one.clip].label == inputs.recipe.composed.classes[one.keyword]

    def test_words_follow_the_table(self, inputs: Inputs) -> None:
        rows, _, drawn = draws_of(inputs, "teaching")
        drawn_words = {inputs.labels[inputs.truth[rows[one.emotion]]]: one.keyword for one in drawn}
        assert drawn_words["happy"] == 1
        assert drawn_words["sad"] == 2

    def test_what_is_tested_was_not_fitted(self) -> None:
        assert {PARTS["test"][0], PARTS["test"][1]} == {"test"}
        assert "test" not in {one for part in ("teaching", "validation") for one in PARTS[part][:2]}

    def test_windows_are_the_same_every_time(self, inputs: Inputs) -> None:
        first, second = composed_pcm(inputs, "test"), composed_pcm(inputs, "test")
        assert first[1] == second[1]
        assert len(first[0]) == len(first[1])
        for one, other in zip(first[0], second[0], strict=True):
            assert one.dtype == np.int16
            assert len(one) == 24000
            np.testing.assert_array_equal(one, other)

    def test_scores_are_kept_with_truth_word_and_speaker(
        self, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def scored(model: Path, windows: np.ndarray, title: str) -> np.ndarray:
            outputs = 8 if model.name == "acoustic.tflite" else 3
            return np.tile(np.arange(outputs, dtype=np.int8), (len(windows), 1))

        monkeypatch.setattr(fusion, "run_int8", scored)
        folder = fusion.score_composed(inputs, Stages(tmp_path), Path("a/acoustic"), Path("k/keyword"))
        for part in PARTS:
            rows, _, drawn = draws_of(inputs, part)
            found = load_part(folder, part)
            assert found.truth.tolist() == [int(inputs.truth[rows[one.emotion]]) for one in drawn]
            assert found.keyword_class.tolist() == [one.keyword for one in drawn]
            assert found.speakers.tolist() == [str(inputs.speakers[rows[one.emotion]]) for one in drawn]
            assert found.scores.shape == (len(drawn), 11)
        # The words are learnt from training voices: the acoustic network knows those, and is not asked.
        assert not load_part(folder, "teaching").acoustic.any()
        assert load_part(folder, "test").acoustic.any()


def part_of(inputs: Inputs, name: str, knowing: float, seed: int) -> ComposedPart:
    """Return made-up scores: the keyword network is right, the acoustic one knows with some strength."""
    rows, _, drawn = draws_of(inputs, name)
    dice = np.random.default_rng(seed)
    emotions = np.array([rows[one.emotion] for one in drawn])
    truth, drawn_words = inputs.truth[emotions], np.array([one.keyword for one in drawn])
    acoustic = dice.normal(0, 20, (len(drawn), 8)) + knowing * np.eye(8)[truth]
    return ComposedPart(
        truth=truth,
        keyword_class=drawn_words,
        speakers=inputs.speakers[emotions],
        acoustic=np.clip(acoustic, -128, 127).astype(np.int8),
        keyword=(np.eye(3)[drawn_words] * 255 - 128).astype(np.int8),
    )


@pytest.fixture
def fused(inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], Path]:
    """Fit the fusion on made-up scores; return `fusion.json` and the folder of the parts."""
    parts = {name: part_of(inputs, name, 30.0, index) for index, name in enumerate(PARTS)}
    for name, one in parts.items():
        np.savez(tmp_path / f"{name}.npz", **one.__dict__)

    def network(path: Path) -> SimpleNamespace:
        is_acoustic = path.name == "acoustic.tflite"
        return SimpleNamespace(
            output_scale=0.05 if is_acoustic else 1 / 256, output_zero_point=0 if is_acoustic else -128
        )

    monkeypatch.setattr(fusion, "Int8Network", network)
    folder = fusion.make_fusion(inputs, Stages(tmp_path / "stages"), tmp_path, tmp_path, tmp_path)
    return json.loads((folder / "fusion.json").read_text()), tmp_path


class TestFusion:
    def test_the_heads_read_what_they_are_for(self, fused: tuple[dict[str, Any], Path]) -> None:
        heads, _ = fused
        assert {"fusion", "control", "keyword_vote", "temperature"} <= set(heads)
        assert FusionHead.model_validate(heads["fusion"]).weight.shape == (8, 11)
        assert FusionHead.model_validate(heads["keyword_vote"]).weight.shape == (8, 3)
        assert heads["acoustic_scale"] == 0.05

    def test_telling_words_help_and_shuffled_ones_do_not(
        self, inputs: Inputs, fused: tuple[dict[str, Any], Path]
    ) -> None:
        heads, folder = fused
        part = load_part(folder, "test")
        scores = fusion_scores(inputs, part, heads)
        telling = np.isin(part.truth, [inputs.labels.index("happy"), inputs.labels.index("sad")])

        def right(values: np.ndarray) -> float:
            return float((values.argmax(1) == part.truth)[telling].mean())

        assert right(scores.keyword) > 0.5
        assert right(scores.fused) >= right(scores.acoustic)
        assert (scores.fused.argmax(1) == part.truth).mean() > (scores.control.argmax(1) == part.truth).mean()
        for name in ("acoustic", "keyword", "fused", "control", "bayes"):
            assert getattr(scores, name).shape == (len(part.truth), 8)

    def test_the_same_parts_give_the_same_scores(
        self, inputs: Inputs, fused: tuple[dict[str, Any], Path]
    ) -> None:
        heads, folder = fused
        part = load_part(folder, "test")
        first, second = fusion_scores(inputs, part, heads), fusion_scores(inputs, part, heads)
        np.testing.assert_array_equal(first.control, second.control)
        np.testing.assert_array_equal(first.bayes, second.bayes)
        unmixed = FusionHead.model_validate(heads["control"]).apply(part.scores)
        assert (first.control != unmixed).any(), "the control must not hear the true words"

    def test_int8_scores_as_real_values(self) -> None:
        assert real(np.array([-128, 0, 127], np.int8), 0.5, -128).tolist() == [0.0, 64.0, 127.5]


@pytest.fixture
def students(inputs: Inputs, tmp_path: Path) -> Callable[..., tuple[Student, ...]]:
    """Make students whose logits are right on some share of validation and test clips."""

    def make(**right: float) -> tuple[Student, ...]:
        made = []
        for name, share in right.items():
            way, _, seed = name.partition("_")
            folder = tmp_path / name
            folder.mkdir()
            logits = np.eye(8, dtype=np.float32)[inputs.truth]
            wrong = np.arange(len(logits)) % 8 >= round(8 * share)
            logits[wrong] = np.roll(logits[wrong], 1, axis=1)
            np.save(folder / "logits.npy", logits)
            made.append(Student(folder, int(seed), way == "taught"))
        return tuple(made)

    return make


class TestChoice:
    def test_the_way_that_gains_above_its_spread_wins(
        self, inputs: Inputs, students: Callable[..., tuple[Student, ...]]
    ) -> None:
        listed = students(plain_0=0.5, taught_0=0.75, plain_1=0.25, taught_1=0.75)
        chosen = figures.choose_student(inputs, listed)
        assert (chosen.taught, chosen.seed) == (True, 0)

    def test_equal_means_go_to_the_simpler_way(
        self, inputs: Inputs, students: Callable[..., tuple[Student, ...]]
    ) -> None:
        chosen = figures.choose_student(
            inputs, students(plain_0=0.5, taught_0=0.75, plain_1=1.0, taught_1=0.75)
        )
        assert (chosen.taught, chosen.seed) == (False, 1)

    def test_the_test_speakers_have_no_say(
        self, inputs: Inputs, students: Callable[..., tuple[Student, ...]]
    ) -> None:
        listed = students(plain_0=0.5, taught_0=0.75, plain_1=0.5, taught_1=0.75)
        for student in listed:
            logits = np.load(student.folder / "logits.npy")
            rows = inputs.rows("test")
            logits[rows] = np.eye(8)[inputs.truth[rows]] * (1 if not student.taught else -1)
            np.save(student.folder / "logits.npy", logits)
        assert figures.choose_student(inputs, listed).taught

    def test_the_gain_of_distillation_is_paired_by_seed(
        self, inputs: Inputs, students: Callable[..., tuple[Student, ...]]
    ) -> None:
        found = figures.distillation(
            inputs, students(plain_0=0.5, taught_0=0.75, plain_1=0.25, taught_1=0.75)
        )
        for part in ("validation", "test"):
            assert found[part]["gain"] == pytest.approx(0.375)
            assert found[part]["spread"] == pytest.approx(np.std([0.25, 0.5], ddof=1))
            assert found[part]["seeds"] == 2
            assert found[part]["values"]["plain-1"] == pytest.approx(0.25)

    def test_one_seed_has_no_spread(
        self, inputs: Inputs, students: Callable[..., tuple[Student, ...]]
    ) -> None:
        found = figures.distillation(inputs, students(plain_0=0.5, taught_0=0.25))
        assert found["test"]["gain"] == pytest.approx(-0.25)
        assert found["test"]["spread"] == 0.0


class TestJudgement:
    def test_a_card_of_heard_speakers_is_refused(self, inputs: Inputs) -> None:
        rows = inputs.rows("train")
        with pytest.raises(SpeakerLeak):
            figures.card(inputs, inputs.truth[rows], np.eye(8)[inputs.truth[rows]], inputs.speakers[rows])

    def test_a_card_of_test_speakers_knows_priors_and_genders(self, inputs: Inputs) -> None:
        rows = inputs.rows("test")
        card = figures.card(inputs, inputs.truth[rows], np.eye(8)[inputs.truth[rows]], inputs.speakers[rows])
        assert card.uar.value == 1.0
        assert card.majority["uar"] == pytest.approx(1 / 8)
        assert set(card.per_speaker) == set(inputs.split.test)
        assert card.gender_gap == 0.0
        assert card.speech == "real"

    def test_held_out_scores_leave_training_speakers_out(
        self, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        np.save(tmp_path / "views.npy", np.zeros((1, 48, 3, 2), np.int8))
        monkeypatch.setattr(figures, "make_views", lambda inputs, stages: tmp_path)
        monkeypatch.setattr(
            figures, "run_int8", lambda model, windows, title: np.zeros((len(windows), 8), np.int8)
        )
        kept = Stages(tmp_path / "stages")
        with np.load(figures.held_out_scores(inputs, kept, Path("x/abc")) / "scores.npz") as stored:
            rows = stored["rows"]
            assert len(stored["scores"]) == len(rows)
        assert set(inputs.speakers[rows]) == {*inputs.split.validation, *inputs.split.test}

    def test_keywords_are_scored_alone_and_beside_speech(
        self, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clips = inputs.word_split.take("test", inputs.keywords)

        def always_bed(model: Path, windows: np.ndarray, title: str) -> np.ndarray:
            assert len(windows) == len(clips)
            return np.tile(np.array([0, 9, 1], np.int8), (len(windows), 1))

        monkeypatch.setattr(figures, "run_int8", always_bed)
        part = part_of(inputs, "test", 0.0, 1)
        np.savez(tmp_path / "test.npz", **part.__dict__)
        made = SimpleNamespace(keyword=tmp_path, composed=tmp_path)
        found = figures.keyword_accuracy(inputs, Stages(tmp_path / "stages"), made)  # type: ignore[arg-type]
        beds = sum(clip.label == "bed" for clip in clips)
        assert found["accuracy"] == pytest.approx(beds / len(clips))
        assert found["clips"] == len(clips)
        assert found["accuracy_composed"] == 1.0
        assert found["windows"] == len(part.keyword_class)

    def test_every_row_of_the_closing_table_has_its_figure(self, inputs: Inputs) -> None:
        rows = inputs.rows("test")
        truth, speakers = inputs.truth[rows], [str(s) for s in inputs.speakers[rows]]
        proof = require_disjoint(inputs.split.train, inputs.split.test)

        def card(share: float) -> Any:
            scores = np.eye(8)[truth]
            wrong = np.arange(len(truth)) % 8 >= round(8 * share)
            scores[wrong] = np.roll(scores[wrong], 1, axis=1)
            return score(truth, scores, speakers, inputs.labels, proof, resamples=20)

        shares = {"acoustic": 0.5, "keyword": 0.625, "fused": 0.75, "control": 0.5, "bayes": 1.0}
        cards = {name: card(0.5) for name in ("teacher", "student_float", "student_int8")}
        cards |= {f"composed_{name}": card(share) for name, share in shares.items()}
        gain = {part: {"gain": 0.02, "spread": 0.01, "seeds": 2} for part in ("validation", "test")}
        heard = {"accuracy": 0.9, "clips": 10, "accuracy_composed": 0.8, "windows": 20}
        network = small_network()
        found = figures.table(
            inputs,
            cards,
            {"agreement": 0.98, "clips": 24},
            heard,
            gain,
            analyse([network, network]),
            {"acoustic.tflite": network, "keyword.tflite": network},
        )
        assert {name for _, *names in ROWS for name in names if name} <= set(found)
        assert found["bytes_acoustic"].value == len(network)
        assert found["student_int8_uar"].value == pytest.approx(50.0)
        assert found["int8_agreement"].value == pytest.approx(98.0)
        assert found["distillation_gain_test"].interval == (1.0, 3.0)
        single = 100 * cards["composed_acoustic"].macro_f1.value
        best = 100 * cards["composed_bayes"].macro_f1.value
        gained = 100 * cards["composed_fused"].macro_f1.value - single
        assert found["gain_fused"].value == pytest.approx(gained, abs=1e-4)
        assert found["gain_bayes"].value == pytest.approx(best - single, abs=1e-4)
        assert found["gain_share_of_bayes"].value == pytest.approx(100 * gained / (best - single), abs=1e-2)
        assert found["gain_control"].value == pytest.approx(0.0)
        better = 100 * cards["composed_keyword"].macro_f1.value
        assert found["gain_over_better_branch"].value == pytest.approx(gained + single - better, abs=1e-4)
        assert found["keyword_accuracy_composed"].value == pytest.approx(80.0)
        assert all(figure.source for figure in found.values())
