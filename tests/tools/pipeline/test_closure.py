"""Stage keys: every kind of input and every module of the closure moves them, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.closure import module_closure, source_hashes
from tools.pipeline import closure as module
from tools.pipeline import emotion, figures, fusion, inputs, int8, keyword, soundness, teachers
from tools.pipeline.closure import Closure, closure_of, code_of
from train.views import Surroundings

STAGES: dict[str, Callable[..., Any]] = {
    "views": emotion.make_views,
    "activations": emotion.make_activations,
    "heard": teachers.hear,
    "listened": teachers.listen,
    "teacher": teachers.make_teacher,
    "student": emotion.train_student,
    "acoustic-int8": int8.acoustic_int8,
    "keyword": keyword.make_keyword,
    "keyword-int8": int8.keyword_int8,
    "composed-windows": fusion.make_windows,
    "composed-keyword": fusion.hear_windows,
    "composed": fusion.score_composed,
    "fusion": fusion.make_fusion,
    "figures": figures.make_figures,
    "sound": soundness.check_sound,
}


@pytest.mark.parametrize("stage", STAGES)
def test_every_file_of_the_closure_moves_the_key(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = closure_of(STAGES[stage])
    before, hashes = found.digest(), dict(source_hashes())
    assert found.files
    for file in found.files:
        with monkeypatch.context() as patch:
            patch.setattr(module, "source_hashes", lambda file=file: hashes | {file: "changed"})
            assert found.digest() != before, file


@pytest.mark.parametrize(
    ("stage", "inside", "outside"),
    [
        ("views", "train/augment/everyday.py", "train/student/fit.py"),
        ("views", "firmware_bridge/microfrontend/core/spectrum.c", "train/fusion.py"),
        ("student", "train/objectives/distillation.py", "train/keyword/fit.py"),
        ("student", "train/student/fit.py", "train/teacher/training.py"),
        ("teacher", "train/teacher/registry.py", "train/student/fit.py"),
        ("keyword", "train/keyword/windows.py", "train/teacher/training.py"),
        ("keyword", "train/student/fit.py", "train/fusion.py"),
        ("fusion", "train/fusion.py", "train/views.py"),
        ("figures", "train/evaluation/bootstrap.py", "train/keyword/fit.py"),
        ("composed-windows", "train/views.py", "firmware_bridge/reference/simulated_tpu.py"),
        ("composed-keyword", "firmware_bridge/reference/simulated_tpu.py", "hil/budgets.py"),
    ],
)
def test_what_is_inside_and_what_is_not(stage: str, inside: str, outside: str) -> None:
    files = closure_of(STAGES[stage]).files
    assert {inside, outside} <= set(source_hashes())
    assert inside in files
    assert outside not in files


def test_definitions_of_the_wiring_are_followed_one_by_one() -> None:
    found = closure_of(fusion.score_composed).definitions
    assert "tools.pipeline.fusion:composed_pcm" in found  # called by it
    assert "tools.pipeline.fusion:PARTS" in found  # a constant that it reads
    assert "tools.pipeline.int8:run_int8" in found  # of another module of the wiring
    assert "tools.pipeline.fusion:make_fusion" not in found  # a neighbour that it does not name


def wiring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> str:
    """Return the digest of `tools.made_up:stage` where the module has this body."""
    file = tmp_path / "tools" / "made_up.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(body)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(
        module, "file_of", lambda name: "tools/made_up.py" if name == "tools.made_up" else None
    )
    module._read.cache_clear()
    found = Closure()
    found.follow("tools.made_up", "stage")
    module._read.cache_clear()
    return found.digest()


BODY = """
LIMIT = 3
def helper(x: int) -> int:
    \"\"\"Says.\"\"\"
    return x + LIMIT
def stage(x: int) -> int:
    def make(folder):
        return helper(x)
    return make
def other():
    return 1
"""


@pytest.mark.parametrize(
    ("old", "new", "moves"),
    [
        ("LIMIT = 3", "LIMIT = 4", True),
        ("x + LIMIT", "x - LIMIT", True),
        ("helper(x)", "helper(x + 1)", True),
        ("return 1", "return 2", False),  # of a function that the stage does not use
        ("Says.", "Says more.", False),
        ("x: int", "x: float", False),
        ("def other", "# a comment\ndef other", False),
    ],
)
def test_a_change_in_the_wiring(
    old: str, new: str, moves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert old in BODY
    before = wiring(tmp_path, monkeypatch, BODY)
    assert (wiring(tmp_path, monkeypatch, BODY.replace(old, new)) != before) is moves


def test_libraries_move_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    found = closure_of(emotion.make_views)
    before = found.digest()
    assert module.library_versions()["numpy"] == np.__version__
    monkeypatch.setattr(module, "library_versions", lambda: {"numpy": "0"})
    assert found.digest() != before


def test_a_module_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(KeyError, match="no module"):
        module_closure("train.nothing")


def test_recipes_are_data_and_tests_are_no_source() -> None:
    hashes = source_hashes()
    assert "edgetpu_models/recipes/trunk.toml" not in hashes
    assert "firmware_bridge/protocol/protocol.toml" in hashes
    assert not any(name.startswith(("tests/", "build/", ".venv/")) for name in hashes)


def made_up_inputs(**changes: Any) -> SimpleNamespace:
    """Inputs as `digests` reads them: two clips, two words, a noise and a room."""

    def clip(name: str, label: str) -> SimpleNamespace:
        return SimpleNamespace(
            name=name, label=label, speaker="s1", gender=None, valence=None, arousal=None, dominance=None
        )

    corpus = SimpleNamespace(name="c", labels=("angry", "sad"))
    given: dict[str, Any] = {
        "emotion_corpus": corpus,
        "keyword_corpus": SimpleNamespace(name="w"),
        "fingerprints": {"c": "1", "w": "2"},
        "clips": (clip("a.wav", "angry"), clip("b.wav", "sad")),
        "labels": corpus.labels,
        "truth": np.array([0, 1]),
        "targets": np.eye(2, dtype=np.float32),
        "keywords": (clip("yes.wav", "yes"),),
        "others": (clip("no.wav", "no"),),
        "surroundings": Surroundings((np.ones(4, np.float32),), (np.ones(3, np.float32),)),
    }
    return SimpleNamespace(**(given | changes))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("emotion", {"truth": np.array([1, 0])}),
        ("emotion", {"targets": np.eye(2, dtype=np.float32)[::-1]}),
        ("emotion", {"labels": ("sad", "angry")}),
        ("emotion", {"fingerprints": {"c": "other sound", "w": "2"}}),
        ("keyword", {"fingerprints": {"c": "1", "w": "other sound"}}),
        ("keyword", {"keywords": ()}),
        (
            "surroundings",
            {"surroundings": Surroundings((np.zeros(4, np.float32),), (np.ones(3, np.float32),))},
        ),
        (
            "surroundings",
            {"surroundings": Surroundings((np.ones(4, np.float32),), (np.zeros(3, np.float32),))},
        ),
        (
            "surroundings",
            {"surroundings": Surroundings((np.ones(4, np.float32),) * 2, (np.ones(3, np.float32),))},
        ),
    ],
)
def test_data_that_changes_moves_its_digest_and_no_other(kind: str, changes: dict[str, Any]) -> None:
    digests = inputs.Inputs.digests.func
    before, after = digests(made_up_inputs()), digests(made_up_inputs(**changes))
    assert {name for name in before if before[name] != after[name]} == {kind}


def test_a_noise_is_not_a_room() -> None:
    noise, nothing = np.ones(4, np.float32), np.zeros(0, np.float32)
    digests = inputs.Inputs.digests.func
    one = digests(made_up_inputs(surroundings=Surroundings((noise, nothing), ())))
    other = digests(made_up_inputs(surroundings=Surroundings((noise,), (nothing,))))
    assert one["surroundings"] != other["surroundings"]


def test_the_code_of_a_part_that_a_recipe_chose_is_its_own_and_what_it_imports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No import leads from a stage to a part chosen by name: its code enters the key as data."""
    from train.features import FEATURES
    from train.teacher import TEACHERS

    parts = [TEACHERS.find("tc_gru").train, TEACHERS.find("regression").train, FEATURES.find("encoder").hear]
    before, hashes = [code_of(part) for part in parts], dict(source_hashes())
    for file, moved in (
        ("train/teacher/tc_gru.py", [True, False, False]),
        ("train/teacher/regression.py", [False, True, False]),
        ("train/foundation/logmel.py", [False, False, True]),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, "source_hashes", lambda file=file: hashes | {file: "changed"})
            assert [code_of(part) != old for part, old in zip(parts, before, strict=True)] == moved, file


def test_a_part_from_outside_the_project_counts_by_its_own_file(tmp_path: Path) -> None:
    import importlib.util

    def digest(body: str) -> str:
        file = tmp_path / "toy.py"
        file.write_text(f"def loss(truth, logits):\n    return {body}\n")
        spec = importlib.util.spec_from_file_location("toy", file)
        assert spec is not None
        assert spec.loader is not None
        toy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(toy)
        return code_of(toy.loss)

    assert digest("1") == digest("1") != digest("2")
