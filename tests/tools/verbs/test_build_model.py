"""One whole build, as small as it can be: everything is made, then nothing, then only what has changed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contract.bundle import load_bundle
from firmware_bridge.reference.device import ReferenceDevice
from tools.cli import run
from tools.pipeline import stages
from tools.pipeline.summary import ROWS

pytestmark = pytest.mark.slow

RECIPE = """
name = "tiny"
kind = "scratch"
seed = 3
emotion_corpus = "synthetic"
keyword_corpus = "synthetic_words"
[window]
window_ms = 1500
hop_ms = 500
[frontend]
preset = "student"
[student]
width = 8
kernel = 3
expansion = 1
stem = [4, 4, 8, 8]
[fit]
epochs = 1
[split]
test = 2
validation = 2
[views]
count = 1
[foundation]
network = "none"
[[teachers]]
feature = { name = "filterbank_pitch" }
model = { name = "tc_gru", filters = 8, units = 8, embedding = 8, epochs = 1, batch = 64 }
[distil]
seeds = 1
[calibration]
windows = 8
[keyword]
channels = [4, 8, 8]
kernel = 3
[keyword_windows]
views = 1
[keyword_fit.crops]
epochs = 1
[keyword_fit.windows]
epochs = 1
[composed]
words = ["bed", "cat", "happy"]
draws = 1
[composed.table]
neutral = [70, 15, 10, 5]
calm = [20, 60, 10, 10]
happy = [15, 5, 10, 70]
sad = [30, 55, 10, 5]
angry = [20, 5, 70, 5]
fearful = [55, 20, 20, 5]
disgust = [20, 10, 65, 5]
surprised = [20, 5, 15, 60]
"""
WORDS = {"keyword", "keyword-int8", "keyword-scores", "composed-keyword", "composed", "fusion", "figures"}
EVERYTHING = WORDS | {
    *("sound", "heard-0", "listened-0", "teacher", "views", "student-plain-0", "student-taught-0"),
    *("acoustic-int8", "acoustic-scores", "composed-windows"),
    *("composed-acoustic-validation", "composed-acoustic-test"),
}


@dataclass(frozen=True)
class Built:
    """A first build: where it lies, and what it wrote on standard output."""

    root: Path
    recipe: Path
    stdout: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stdout)
        return found


@contextlib.contextmanager
def caught_stdout() -> Iterator[io.StringIO]:
    """Catch all that is written on standard output, by libraries in C++ too."""
    sys.stdout.flush()
    kept, text = os.dup(1), io.StringIO()
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            with contextlib.redirect_stdout(io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), write_through=True)):
                yield text
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            file.seek(0)
            text.write(file.read().decode())


def build(recipe: Path, *more: str) -> str:
    """Build with `--json` and return standard output."""
    with caught_stdout() as text:
        assert run(["build-model", "--recipe", str(recipe), "--in-process", "--json", *more]) == 0
    return text.getvalue()


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Run TensorFlow step by step: for one epoch, tracing the graphs takes longer than training."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def built(eager: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    root = tmp_path_factory.mktemp("build")
    recipe = root / "tiny.toml"
    recipe.write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "BUILD", root)
        yield Built(root, recipe, build(recipe))


def test_everything_is_made_and_stdout_is_one_object(built: Built) -> None:
    found = built.json
    assert set(found) == {"bundle", "id", "made", "seconds", "figures"}
    assert set(found["seconds"]) == set(found["made"])
    assert all(spent["wall_s"] > 0 for spent in found["seconds"].values())
    assert set(found["made"]) == EVERYTHING
    assert len(found["made"]) == len(EVERYTHING)
    assert Path(found["bundle"]).is_relative_to(built.root)


def test_every_figure_has_its_evidence(built: Built) -> None:
    figures = built.json["figures"]
    assert {name for _, *names in ROWS for name in names if name} <= set(figures)
    for name, figure in figures.items():
        assert set(figure) == {"value", "unit", "evidence", "n", "interval", "source"}, name
        assert figure["evidence"] in ("measured", "simulated", "estimated"), name
        assert np.isfinite(figure["value"]), name
    assert figures["majority_uar"]["value"] == pytest.approx(12.5)
    assert figures["student_int8_uar"]["n"] == 96
    assert "synthetic" in figures["student_int8_uar"]["source"]
    assert figures["latency"]["evidence"] == "estimated"
    low, high = figures["student_int8_uar"]["interval"]
    assert low <= figures["student_int8_uar"]["value"] <= high


def test_the_bundle_is_whole_and_runs(built: Built) -> None:
    bundle = load_bundle(built.root / "bundle")
    manifest = bundle.manifest
    assert bundle.id == built.json["id"]
    assert manifest.speech == "synthetic"
    assert manifest.keywords == ["none", "bed", "cat", "happy"]
    assert len(manifest.labels) == 8
    assert not set(manifest.split.test) & {*manifest.split.train, *manifest.split.validation}
    assert {"MODEL_CARD.md", "scorecards.json", "acoustic.tflite", "keyword.tflite", "heard.npz"} == set(
        manifest.files
    )
    assert bundle.directory.resolve().with_name(bundle.directory.resolve().name + ".zip").is_file()
    pcm = np.random.default_rng(0).integers(-2000, 2000, 40000).astype(np.int16)
    scores = ReferenceDevice(bundle).score_segment(pcm)
    assert scores.windows == 3
    assert (len(scores.acoustic), len(scores.keyword), len(scores.fused)) == (8, 4, 8)


def test_the_scorecards_agree_with_the_figures(built: Built) -> None:
    stored = json.loads((built.root / "bundle" / "scorecards.json").read_text())
    figures = built.json["figures"]
    for card in ("teacher", "student_float", "student_int8"):
        assert 100 * stored["cards"][card]["uar"]["value"] == pytest.approx(figures[f"{card}_uar"]["value"])
    assert stored["parity"]["agreement"] * 100 == pytest.approx(figures["int8_agreement"]["value"])
    assert stored["distillation"]["test"]["seeds"] == 1


def test_a_second_call_makes_nothing(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    again = json.loads(build(built.recipe))
    assert again["made"] == []
    assert again["id"] == built.json["id"]
    assert run(["build-model", "--recipe", str(built.recipe)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("SYNTHETIC speech")
    assert "everything was up to date" in told.err


def test_a_score_needs_unheard_speakers(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = str(built.root / "bundle")
    assert run(["evaluate", "--bundle", bundle, "--limit", "16", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["corpus"] == "synthetic"
    assert found["speech"] == "synthetic"
    assert set(found["speakers"]) == set(load_bundle(Path(bundle)).manifest.split.test)
    heard = load_bundle(Path(bundle)).manifest.split.validation[0]
    assert run(["evaluate", "--bundle", bundle, "--speakers", heard]) == 2


def test_the_rig_streams_the_bundles_own_test_windows(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["hil", "--dut", "host", "--bundle", str(built.root / "bundle"), "--out", str(tmp_path)]
    status = run([*line, "--limit", "6", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert status == (0 if found["verdict"] == "kept" else 1)
    assert found["alignment_lsb"] == 0
    assert found["scores_lsb"] == 0
    assert len(found["scores_sha256"]) == 64
    assert len({one["name"] for one in found["segments"]}) == 6
    heard = load_bundle(built.root / "bundle").manifest.split
    assert {one["speaker"] for one in found["segments"]} <= set(heard.test)
    # Scores of synthetic voices are shown, not held against promises about people.
    asked = {budget["name"]: budget["status"] for budget in found["budgets"]}
    assert asked["macro_f1_fused"] == "not asked"
    assert asked["model_bytes"] == asked["ops_off_tpu"] == "kept"
    assert {"report.json", "report.html", "junit.xml"} <= {path.name for path in tmp_path.iterdir()}


def test_the_same_seed_gives_the_same_bytes(built: Built) -> None:
    build(built.recipe)
    names = ("student-plain-0", "acoustic-int8", "keyword", "keyword-int8")
    before = {}
    for name in names:
        for folder in (built.root / "stages" / name).iterdir():
            for file in folder.iterdir():
                if file.suffix == ".tflite":
                    before[file] = file.read_bytes()
                if file.name == "logits.npy":
                    before[file] = np.load(file).tobytes()
            shutil.rmtree(folder)
    assert len(before) == 3
    assert set(json.loads(build(built.recipe))["made"]) == set(names)
    for file, content in before.items():
        again = np.load(file).tobytes() if file.suffix == ".npy" else file.read_bytes()
        assert again == content, file


def test_a_changed_keyword_network_redoes_only_what_rests_on_it(built: Built) -> None:
    changed = built.root / "changed.toml"
    changed.write_text(RECIPE.replace("[keyword]\n", "[keyword]\ndropout = 0.3\n"))
    found = json.loads(build(changed))
    assert set(found["made"]) == WORDS
    assert found["id"] != built.json["id"]
    assert load_bundle(built.root / "bundle").id == found["id"]
    # The way back costs nothing: both results were kept.
    assert json.loads(build(built.recipe))["made"] == []
