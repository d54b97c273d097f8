"""Templates from end to end: before training, after it, in the bundle, and in what is said of it.

Two small real compiles stand in for our own networks, which nobody here can compile: a colour tracker for the
acoustic network, a dense layer for the keyword network.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model
from edgetpu_models.format.edit import pack as packed
from edgetpu_models.inspect import inspect
from edgetpu_models.provenance.check import Verdict, check
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.contract.bundle import Bundle, write_bundle
from tests.support.tiny_bundle import ravdess_manifest
from tools.cli import run
from tools.pipeline import architecture, pack, summary
from tools.pipeline.recipe import load_recipe
from tools.pipeline.stages import Stages

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def absent(environment: object = None) -> None:
        raise EnvironmentLacking("the Edge TPU compiler is not here", "get it")

    monkeypatch.setenv("UNDERTONE_TEMPLATES", str(tmp_path / "store"))
    monkeypatch.setattr(pack.locate, "find", absent)
    return tmp_path / "store"


def other_weights(model: bytes) -> bytes:
    """A retrained network: the same weights in another order, so that nothing degenerates."""
    opened = open_model(model)
    graph = opened.subgraphs[0]
    dense = next(op for op in graph.operators if len(op.inputs) > 1)
    buffer = opened.buffers[graph.tensors[dense.inputs[1]].buffer]
    buffer.data = np.random.default_rng(8).permutation(buffer.data)
    return packed(opened)


@pytest.fixture
def stand_ins(data_root: Path, tmp_path: Path) -> SimpleNamespace:
    """The originals and real compiles of both stand-ins, and what a later training made of each."""
    colours, pairs = data_root / "edgetpu_same_architecture", data_root / "edgetpu_pairs"
    if not colours.is_dir() or not pairs.is_dir():
        pytest.skip("no compiled models at hand")
    for name, source in (
        ("acoustic", colours / "color_blue_64x64.tflite"),
        ("keyword", next(pairs.glob("*_dense_256.tflite"))),
    ):
        folder = tmp_path / "trained" / name
        folder.mkdir(parents=True)
        content = source.read_bytes()
        (folder / f"{name}.tflite").write_bytes(content if name == "acoustic" else other_weights(content))
    made = SimpleNamespace(acoustic=tmp_path / "trained/acoustic", keyword=tmp_path / "trained/keyword")
    red, dense = colours / "color_red_64x64.tflite", next(pairs.glob("*_dense_256.tflite"))
    compiled = red.with_name("color_red_64x64_edgetpu.tflite"), next(pairs.glob("*_dense_256_edgetpu.tflite"))
    return SimpleNamespace(made=made, pairs=((red, compiled[0]), (dense, compiled[1])))


def add(pair: tuple[Path, Path]) -> int:
    return run(["template", "add", str(pair[0]), str(pair[1]), "--recipe", "trunk"])


def test_the_whole_way(
    store: Path, stand_ins: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe, stages = load_recipe("trunk"), Stages(tmp_path / "stages")
    # Without templates: said before training, and what to compile after it.
    assert run(["template", "fits"]) == 1
    (line,) = architecture.outlook(recipe)
    assert line.startswith("no compiled networks will come of this build: 0 of 2 templates fit recipe trunk")
    assert pack.compile_if_possible(stages, stand_ins.made, "trunk") is None
    said = caplog.text
    assert "no compiled model is claimed" in said
    assert "undertone template add" in said
    # One template of two: still not.
    assert add(stand_ins.pairs[0]) == 0
    assert run(["template", "fits"]) == 1
    assert "1 of 2 templates fit" in architecture.outlook(recipe)[0]
    assert pack.compile_if_possible(stages, stand_ins.made, "trunk") is None
    assert "no template fits keyword.tflite" in caplog.text
    # Both: known before training, for this shape only; and the build ends with compiled networks.
    assert add(stand_ins.pairs[1]) == 0
    assert run(["template", "fits"]) == 0
    assert architecture.outlook(recipe)[0].startswith("compiled networks: derived from 2 templates")
    assert run(["template", "fits", "--recipe", "scratch"]) == 1
    folder = pack.compile_if_possible(stages, stand_ins.made, "trunk")
    assert folder is not None
    assert stages.made == ["derived"]
    assert "have run on no chip" in caplog.text
    tokens = set()
    for name in ("acoustic", "keyword"):
        original = tmp_path / "trained" / name / f"{name}.tflite"
        found = inspect(folder / f"{name}_edgetpu.tflite")
        assert found.made_by == "derived"
        assert check(original, folder / f"{name}_edgetpu.tflite").verdict is Verdict.PROVED
        tokens.add(found.token)
    assert len(tokens) == 2
    assert pack.evidence_of(folder) == "derived"
    # A second call does nothing.
    assert pack.compile_if_possible(stages, stand_ins.made, "trunk") == folder
    assert stages.made == ["derived"]


def test_a_compiler_comes_before_templates(
    store: Path, stand_ins: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pair in stand_ins.pairs:
        assert add(pair) == 0
    monkeypatch.setattr(pack.locate, "find", lambda environment=None: "edgetpu_compiler")
    assert architecture.outlook(load_recipe("trunk")) == [
        "compiled networks: by the real compiler (edgetpu_compiler)"
    ]


def test_networks_that_were_compiled_together_are_no_templates(
    store: Path, stand_ins: SimpleNamespace, tmp_path: Path, capsys: Capture
) -> None:
    """One token in both files: what compiling together changes no real pair shows, so nothing is added."""
    manifest, files = ravdess_manifest()
    for name, model in manifest["models"].items():
        model.update(compiled=True, compiled_evidence="measured")
        files[f"{name}_edgetpu.tflite"] = stand_ins.pairs[0][1].read_bytes()
    compiled = write_bundle(tmp_path / "compiled", manifest, files)
    assert run(["template", "add", str(compiled.directory)]) == 2
    said = capsys.readouterr().err
    assert "were compiled together (one caching token)" in said
    assert "compile each alone" in said
    assert not store.exists()


@pytest.fixture
def derived(tiny_bundle: Bundle) -> Bundle:
    """The tiny bundle, as if its networks had been compiled: one from a template, one by the compiler itself."""
    models = {
        name: model.model_copy(update={"compiled": f"{name}_edgetpu.tflite", "compiled_evidence": evidence})
        for (name, model), evidence in zip(
            tiny_bundle.manifest.models.items(), ("derived", "measured"), strict=True
        )
    }
    return replace(tiny_bundle, manifest=tiny_bundle.manifest.model_copy(update={"models": models}))


def test_card_and_table_name_what_is_derived(derived: Bundle, tiny_bundle: Bundle) -> None:
    card = pack.model_card(derived.manifest)
    assert "- acoustic: **derived** from a template. No compiler made it" in card
    assert "- keyword: made by the real compiler." in card
    assert "`modelled` the chip's arithmetic" in card
    line = summary.compiled_line(derived)
    assert "acoustic derived from a template" in line
    assert "keyword made by the real compiler" in line
    assert summary.compiled_line(tiny_bundle).count("none (a board cannot run this bundle)") == 2
