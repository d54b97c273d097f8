"""`undertone folds`: every fold's speakers are unheard, and the summary is the folds' own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tools.cli import run
from tools.pipeline import emotion, int8, stages
from tools.pipeline.stages import Stages
from tools.verbs.folds import run_fold, run_teachers, show, show_teachers, summarise, summarise_teachers
from train.corpora.record import Clip, Corpus

Capture = pytest.CaptureFixture[str]
SPEAKERS = ("a/1", "a/2", "a/3", "a/4")


def fold(held_out: tuple[str, ...], value: float, clips: int = 10, agreement: float = 1.0) -> dict[str, Any]:
    card = {
        "uar": {"value": value},
        "macro_f1": {"value": value - 0.1},
        "majority": {"uar": 0.125},
        "prior": {"uar": 0.125},
        "per_speaker": dict.fromkeys(held_out, value),
        "n_best_uar": {"1": value, "2": 0.8, "3": 0.9},
    }
    parity = {"clips": clips, "agreement": agreement}
    return {"held_out": list(held_out), "parity": parity, "float": card, "int8": card}


def test_the_summary_is_the_mean_and_spread_of_the_folds() -> None:
    found = summarise([fold(("a/1",), 0.5), fold(("a/2",), 0.7)])
    assert found["int8_uar"] == {"mean": pytest.approx(0.6), "sd": pytest.approx(0.1), "folds": [0.5, 0.7]}
    assert found["int8_macro_f1"]["mean"] == pytest.approx(0.5)
    assert found["per_speaker"] == {"a/1": 0.5, "a/2": 0.7}
    assert found["n_best_uar"] == {"1": pytest.approx(0.6), "2": 0.8, "3": 0.9}
    assert (found["clips"], found["evidence"]) == (20, "simulated")
    assert (found["majority_uar"], found["prior_uar"]) == (0.125, 0.125)


def test_agreement_is_weighted_by_clips() -> None:
    found = summarise([fold(("a/1",), 0.5, 30, 1.0), fold(("a/2",), 0.5, 10, 0.8)])
    assert found["int8_agreement"] == pytest.approx(0.95)


def test_people_see_every_fold_and_speaker(capsys: Capture) -> None:
    folds = [fold(("a/1", "a/2"), 0.5), fold(("a/3",), 0.7)]
    show(summarise(folds), folds, "real")
    told = capsys.readouterr().out
    assert "60.0 ± 10.0" in told
    assert "simulated, real speech" in told
    assert "1 2" in told
    assert "majority 12.5, prior 12.5" in told
    assert "1 50, 2 50, 3 70" in told


class FakeInputs(SimpleNamespace):
    """Four speakers, two classes, one clip of each."""

    def __init__(self) -> None:
        clips = [SimpleNamespace(speaker=s, label="x", gender=None) for s in SPEAKERS for _ in range(2)]
        super().__init__(
            recipe=SimpleNamespace(name="r"),
            clips=clips,
            speakers=np.array([clip.speaker for clip in clips]),
            truth=np.array([0, 1] * 4),
            labels=("happy", "sad"),
            speech="real",
        )


def mixed_inputs(part: str | None = None) -> FakeInputs:
    """The same with real clips of a corpus, eight of each class, for protocols to divide."""
    inputs = FakeInputs()
    clips = tuple(
        Clip(Path(f"/a/{n}.wav"), "a", SPEAKERS[n // 2], ("happy", "sad")[n % 2], partition=part)
        for n in range(8)
    )
    inputs.clips = clips
    inputs.emotion_corpus = Corpus("a", Path("/a"), ("happy", "sad"), clips, "none", "nobody", True)
    inputs.recipe.seed = 3
    return inputs


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[int]]:
    """Stand in for training and conversion; return the rows that each fold was trained on."""
    rows_seen: list[list[int]] = []
    student = tmp_path / "student"
    student.mkdir()
    logits = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0, 1, 1, 0]]
    np.save(student / "logits.npy", logits)
    np.save(tmp_path / "views.npy", np.zeros((1, 8, 3, 2), np.int8))

    def train(inputs: object, stages: object, name: str, rows: np.ndarray, seed: int, teacher: object) -> Any:
        assert (teacher is None) == ("taught" not in name)
        rows_seen.append(rows.tolist())
        return SimpleNamespace(folder=student)

    def scores(model: Path, windows: np.ndarray, title: str) -> np.ndarray:
        fold_index = int(title.split()[1].rstrip(","))
        return (logits[2 * fold_index : 2 * fold_index + len(windows)] * 100).astype(np.int8)

    network = SimpleNamespace(output_scale=0.01, output_zero_point=0)
    monkeypatch.setattr(emotion, "train_student", train)
    monkeypatch.setattr(emotion, "training_data", lambda inputs, stages: None)
    monkeypatch.setattr(emotion, "make_views", lambda inputs, stages: tmp_path)
    monkeypatch.setattr(int8, "acoustic_int8", lambda inputs, stages, student, rows, name: tmp_path / name)
    monkeypatch.setattr(int8, "run_int8", scores)
    monkeypatch.setattr("firmware_bridge.reference.simulated_tpu.Int8Network", lambda model: network)
    return rows_seen


def test_a_fold_is_trained_on_all_others(trained: list[list[int]], tmp_path: Path) -> None:
    kept = Stages(tmp_path / "stages")
    folder = run_fold(FakeInputs(), kept, 1, ("a/2",))  # type: ignore[arg-type]
    assert trained == [[0, 1, 4, 5, 6, 7]]
    found = json.loads((folder / "fold.json").read_text())
    assert found["held_out"] == ["a/2"]
    assert found["int8"]["clips"] == 2
    assert found["int8"]["uar"]["value"] == 1.0
    assert found["parity"]["agreement"] == 1.0
    assert set(found["int8"]["per_speaker"]) == {"a/2"}
    run_fold(FakeInputs(), kept, 1, ("a/2",))  # type: ignore[arg-type]
    assert kept.made == ["fold-1"]


def test_a_taught_fold_is_taught_by_its_own_clips_and_scores_its_teachers(
    trained: list[list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[list[int], list[int], str]] = []

    def teach(inputs: object, stages: object, learn: np.ndarray, watch: np.ndarray, tag: str) -> Path:
        heard.append((learn.tolist(), watch.tolist(), tag))
        np.savez(tmp_path / "probabilities.npz", probabilities=np.tile([[0.9, 0.1]], (8, 1)))
        return tmp_path

    monkeypatch.setattr("tools.pipeline.teachers.make_teacher", teach)
    kept = Stages(tmp_path / "stages")
    folder = run_fold(FakeInputs(), kept, 1, ("a/2",), None, True)  # type: ignore[arg-type]
    assert heard == [([0, 1, 4, 5, 6, 7], [], "-fold-1")]
    assert trained == [[0, 1, 4, 5, 6, 7]]
    found = json.loads((folder / "fold.json").read_text())
    assert found["teacher"]["uar"]["value"] == 0.5, "it always says the first of two classes"
    assert kept.made == ["fold-1-taught"], "beside the fold that is not taught"
    summary = summarise([found])
    assert summary["teacher_uar"]["mean"] == 0.5


def test_teachers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[list[int], str, bool]] = []

    def teach(
        inputs: object, stages: object, learn: np.ndarray, watch: np.ndarray, tag: str, inner: bool
    ) -> Path:
        asked.append((learn.tolist(), tag, inner))
        np.savez(tmp_path / "probabilities.npz", probabilities=np.tile([[0.9, 0.1], [0.2, 0.8]], (4, 1)))
        return tmp_path

    monkeypatch.setattr("tools.pipeline.teachers.make_teacher", teach)
    folder = run_teachers(FakeInputs(), Stages(tmp_path / "stages"), 1, ("a/2",))  # type: ignore[arg-type]
    assert asked == [([0, 1, 4, 5, 6, 7], "-alone-1", False)], "trained once, on all but the held-out"
    fold = json.loads((folder / "fold.json").read_text())
    assert fold["teacher"]["clips"] == 2
    summary = summarise_teachers([fold])
    assert summary["teacher_uar"] == {"mean": 1.0, "sd": 0.0, "folds": [1.0]}
    show_teachers(summary, [fold], "real", "LEAKS SPEAKERS")
    told = capsys.readouterr().out
    assert told.count("LEAKS SPEAKERS") == 2
    assert "majority 50.0" in told


@pytest.fixture
def guarded() -> list[tuple[str, ...]]:
    """Which folds the leak guard was asked about."""
    return []


@pytest.fixture
def command(
    trained: list[list[int]],
    guarded: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Callable[..., int]:
    monkeypatch.setattr(stages, "BUILD", tmp_path / "build")
    monkeypatch.setattr("tools.pipeline.inputs.gather", lambda recipe: FakeInputs())
    # The guard by sound has tests of its own (test_soundness.py); here it must be asked, once a fold.
    monkeypatch.setattr("tools.pipeline.soundness.check_sound", lambda inputs, stages: tmp_path)
    monkeypatch.setattr(
        "tools.pipeline.soundness.require_unheard", lambda inputs, sound, held_out: guarded.extend(held_out)
    )
    return lambda *more: run(["folds", "--recipe", "scratch", "--folds", "4", "--in-process", *more])


def test_the_verb_as_json(
    command: Callable[..., int], trained: list[list[int]], guarded: list[tuple[str, ...]], capsys: Capture
) -> None:
    assert command("--json") == 0
    assert [tuple(held_out) for held_out in guarded] == [(name,) for name in SPEAKERS]
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"summary", "folds", "speech"}
    assert [one["held_out"] for one in found["folds"]] == [[name] for name in SPEAKERS]
    assert found["summary"]["int8_uar"]["folds"] == [1.0, 1.0, 1.0, 0.0]
    assert found["summary"]["int8_uar"]["mean"] == 0.75
    assert len(trained) == 4
    assert all(len(rows) == 6 for rows in trained)


def test_the_verb_for_people(command: Callable[..., int], capsys: Capture) -> None:
    assert command() == 0
    assert "75.0 ± 43.3" in capsys.readouterr().out


def test_too_many_folds(command: Callable[..., int], capsys: Capture) -> None:
    assert run(["folds", "--recipe", "scratch", "--folds", "9"]) == 2
    assert "use at most 4 folds" in capsys.readouterr().err


def test_a_protocol_that_mixes_speakers_marks_every_figure(
    command: Callable[..., int],
    trained: list[list[int]],
    guarded: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.setattr("tools.pipeline.inputs.gather", lambda recipe: mixed_inputs())
    assert command("--protocol", "random-clips") == 0
    captured = capsys.readouterr()
    ends = ("speech)", ".")
    figures = [x for x in captured.out.splitlines() if x.rstrip().endswith(ends) or "UAR of" in x]
    assert len(figures) == 3
    assert all(line.startswith("LEAKS SPEAKERS: ") for line in figures)
    assert "unseen speakers" not in captured.out
    assert len(trained[0]) == 6, "one clip of each class is drawn for the test"
    assert guarded == []
    assert command("--protocol", "random-clips", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["summary"]["warning"] == "LEAKS SPEAKERS"
    assert found["folds"][0]["int8"]["warning"] == "LEAKS SPEAKERS"


def test_other_protocols_divide_speakers_and_are_guarded(
    command: Callable[..., int],
    trained: list[list[int]],
    guarded: list[tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.setattr("tools.pipeline.inputs.gather", lambda recipe: mixed_inputs())
    assert command("--protocol", "leave-one-speaker-out", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["summary"]["protocol"], found["summary"]["warning"]) == ("leave-one-speaker-out", "")
    assert guarded == [(name,) for name in SPEAKERS]
    assert trained[1] == [0, 1, 4, 5, 6, 7]


def test_protocols_that_do_not_fit_or_exist_are_answered(
    command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("tools.pipeline.inputs.gather", lambda recipe: mixed_inputs())
    assert command("--protocol", "official") == 2
    assert "no official division" in capsys.readouterr().err
    assert command("--protocol", "hope") == 2
    assert "speaker-folds" in capsys.readouterr().err
