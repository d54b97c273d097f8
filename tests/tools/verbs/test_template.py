"""The verb `template`, the stage that derives, and the question before a derived file is flashed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract.bundle import write_bundle
from tests.support.tiny_bundle import ravdess_manifest
from tools.cli import run
from tools.pipeline import pack
from tools.pipeline.architecture import SHAPING, recipe_shape
from tools.pipeline.recipe import load_recipe
from tools.pipeline.stages import Stages
from tools.verbs import flash


def test_add_list_and_derive(
    data_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNDERTONE_TEMPLATES", str(tmp_path / "store"))
    stages = Stages(tmp_path / "stages")
    folder = data_root / "edgetpu_same_architecture"
    red, blue = folder / "color_red_64x64.tflite", folder / "color_blue_64x64.tflite"
    assert pack.derive_if_possible(stages, [blue]) is None
    assert run(["template", "list"]) == 0
    assert run(["template", "add", str(red), str(red.with_name("color_red_64x64_edgetpu.tflite"))]) == 0
    capsys.readouterr()
    assert run(["template", "list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["templates"]) == 1
    made = pack.derive_if_possible(stages, [blue])
    assert made is not None
    assert pack.evidence_of(made) == "derived"
    assert run(["provenance", str(blue), str(made / "color_blue_64x64_edgetpu.tflite")]) == 0
    # Two networks from one template would share what a runtime takes for one set of cached parameters.
    assert pack.derive_if_possible(stages, [blue, red]) is None


def test_a_recipe_is_known_to_fit_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNDERTONE_TEMPLATES", str(tmp_path))
    recipe = load_recipe("trunk")
    assert recipe_shape(recipe) == recipe_shape(recipe.model_copy(update={"seed": 7}))
    assert recipe_shape(recipe) != recipe_shape(load_recipe("scratch"))
    assert set(SHAPING) <= set(type(recipe).model_fields)
    assert run(["template", "fits"]) == 1
    assert "0 of 2 templates fit" in capsys.readouterr().out


def test_a_bundle_that_the_compiler_did_not_make_is_no_template(
    tiny_bundle: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["template", "add", str(tiny_bundle.directory)]) == 2
    assert "not made by the real compiler" in capsys.readouterr().err


def test_derived_networks_are_flashed_after_a_question_only() -> None:
    def bundle(evidence: str) -> SimpleNamespace:
        models = {"acoustic": SimpleNamespace(compiled_evidence=evidence)}
        return SimpleNamespace(manifest=SimpleNamespace(models=models))

    flash.ask_about_derived(bundle("measured"), yes=False)  # type: ignore[arg-type]
    flash.ask_about_derived(bundle("derived"), yes=True)  # type: ignore[arg-type]
    with pytest.raises(InvalidSetting, match="derived from a template"):
        flash.ask_about_derived(bundle("derived"), yes=False)  # type: ignore[arg-type]


def test_the_question_is_asked_once_and_no_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """With somebody at the terminal: one question for both networks, before anything is written."""
    questions: list[str] = []

    def answer(text: str, err: bool) -> bool:
        questions.append(text)
        return bool(answers.pop(0))

    monkeypatch.setattr(flash.click, "confirm", answer)
    monkeypatch.setattr(flash.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    models = {name: SimpleNamespace(compiled_evidence="derived") for name in ("acoustic", "keyword")}
    bundle = SimpleNamespace(manifest=SimpleNamespace(models=models))
    answers = [True, False]
    flash.ask_about_derived(bundle, yes=False)  # type: ignore[arg-type]
    assert questions == ["write them?"]
    with pytest.raises(InvalidSetting, match="not written: the compiled networks acoustic, keyword"):
        flash.ask_about_derived(bundle, yes=False)  # type: ignore[arg-type]
    assert len(questions) == 2
    flash.ask_about_derived(bundle, yes=True)  # type: ignore[arg-type]
    assert len(questions) == 2


def test_the_verb_asks_before_it_looks_for_a_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, files = ravdess_manifest()
    for name, model in manifest["models"].items():
        model.update(compiled=f"{name}_edgetpu.tflite", compiled_evidence="derived")
        files[model["compiled"]] = b"made from a template"
    bundle = write_bundle(tmp_path / "derived", manifest, files)
    monkeypatch.setattr(flash.sys, "stdin", SimpleNamespace(isatty=lambda: False))
    assert run(["flash", "--bundle", str(bundle.directory)]) == 2
    said = capsys.readouterr().err
    assert "not written: the compiled networks acoustic, keyword are derived" in said
    assert "--yes writes them without asking" in said
    # Agreed to, it goes on to the next thing that is missing here.
    assert run(["flash", "--bundle", str(bundle.directory), "--yes"]) == 2
    assert "not written" not in capsys.readouterr().err
