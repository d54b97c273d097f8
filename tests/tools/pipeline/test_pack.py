"""The last leg: the link to the newest bundle, the model card, the licences, the closing table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.contract.bundle import Bundle, Manifest
from tests.support.tiny_bundle import ravdess_manifest
from tools.pipeline import pack, summary
from tools.pipeline.recipe import TeacherChoice
from tools.pipeline.stages import Stages
from train.features import FEATURES
from train.features.encoder import EncoderSettings
from train.features.filterbank_pitch import FilterbankSettings
from train.features.yamnet_layer import YamnetLayerSettings
from train.teacher.regression import RegressionSettings

Capture = pytest.CaptureFixture[str]


def figure(value: float, unit: str = "%", **more: Any) -> Quantity:
    known: dict[str, Any] = {"n": 10, "source": "4 unseen speakers, real speech"}
    return Quantity(value, unit, Evidence.SIMULATED, **{**known, **more})


def card_of(**changes: Any) -> str:
    manifest, _ = ravdess_manifest(**changes)
    return pack.model_card(Manifest.model_validate({**manifest, "files": {}}))


def all_figures(speech: str = "real") -> dict[str, Quantity]:
    """Return every figure that the closing table wants."""
    names = {name for _, *wanted in summary.ROWS for name in wanted if name}
    return {name: figure(12.34, source=f"4 unseen speakers, {speech} speech") for name in names}


def test_a_link_is_made_and_moved_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "bundles" / name).mkdir(parents=True)
        pack.point_at(tmp_path / "bundle", tmp_path / "bundles" / name)
        assert (tmp_path / "bundle").resolve() == tmp_path / "bundles" / name
    assert (tmp_path / "bundle").readlink() == Path("bundles/two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "bundles"]


def test_a_leftover_of_a_killed_run_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack.os, "getpid", lambda: 77)
    (tmp_path / ".bundle.77.part").symlink_to("nowhere")
    pack.point_at(tmp_path / "bundle", tmp_path)
    assert (tmp_path / "bundle").is_symlink()
    assert not (tmp_path / ".bundle.77.part").is_symlink()


def test_the_card_of_a_non_commercial_bundle() -> None:
    card = card_of(figures={"uar": figure(61.5, interval=(55.0, 66.0))})
    assert card.startswith("# Model card: tiny")
    assert "| uar | 61.5 | % | [55.0, 66.0] | simulated | 4 unseen speakers, real speech |" in card
    assert "**no commercial use**" in card
    assert "reported: ravdess/04, ravdess/05" in card
    assert "synthetic voices" not in card


def test_the_card_of_synthetic_speech_says_so() -> None:
    assert "**Every figure below is about synthetic voices, not about people.**" in card_of(
        evidence="synthetic"
    )


def test_the_card_misses_nothing_silently() -> None:
    from jinja2 import UndefinedError

    manifest, _ = ravdess_manifest()
    del manifest["git_revision"]
    with pytest.raises(UndefinedError):
        pack.model_card(Manifest.model_construct(**manifest))


@pytest.mark.parametrize(("foundation", "names"), [(False, 2), (True, 3)])
def test_licences_of_all_that_went_in(monkeypatch: pytest.MonkeyPatch, foundation: bool, names: int) -> None:
    def corpus(name: str, commercial: bool) -> SimpleNamespace:
        return SimpleNamespace(name=name, licence="L", attribution="A", commercial=commercial)

    monkeypatch.setattr(pack, "has_foundation", lambda recipe: foundation)
    monkeypatch.setattr(pack, "teachers_at_hand", lambda recipe, warn: [*taught_by(foundation)])
    inputs = SimpleNamespace(recipe=None, emotion_corpus=corpus("e", False), keyword_corpus=corpus("w", True))
    listed = pack.licences(inputs)  # type: ignore[arg-type]
    assert [item.name for item in listed] == ["e", "w", "yamnet"][:names]
    assert [item.commercial for item in listed] == [False, True, True][:names]


def taught_by(yamnet: bool) -> Iterator[TeacherChoice]:
    """Teachers: one on no network, and one on YAMNet."""
    yield TeacherChoice(feature=FilterbankSettings(), model=RegressionSettings())
    if yamnet:
        yield TeacherChoice(feature=YamnetLayerSettings(), model=RegressionSettings())


@pytest.mark.parametrize(("licence", "commercial"), [("MIT", True), ("CC BY-NC 4.0", False)])
def test_the_licence_of_what_a_teacher_hears_travels(
    monkeypatch: pytest.MonkeyPatch, licence: str, commercial: bool
) -> None:
    encoder = replace(FEATURES["encoder"], network=lambda settings: (settings.encoder, licence))
    monkeypatch.setitem(FEATURES, "encoder", encoder)
    choice = TeacherChoice(feature=EncoderSettings(encoder="ears"), model=RegressionSettings())
    monkeypatch.setattr(pack, "has_foundation", lambda recipe: False)
    monkeypatch.setattr(pack, "teachers_at_hand", lambda recipe, warn: [choice, choice])
    corpus = SimpleNamespace(name="c", licence="L", attribution="A", commercial=True)
    inputs = SimpleNamespace(recipe=None, emotion_corpus=corpus, keyword_corpus=corpus)
    *_, last = pack.licences(inputs)  # type: ignore[arg-type]
    assert (last.name, last.kind, last.licence, last.commercial) == ("ears", "network", licence, commercial)
    assert "ears" not in [item.name for item in pack.licences(inputs)[:-1]]  # type: ignore[arg-type]


def test_the_manifests_entry_is_read_from_the_network(tiny_bundle: Bundle) -> None:
    model = tiny_bundle.manifest.models["acoustic"]
    entry, content = pack.model_entry("acoustic", tiny_bundle.path(model), None, model.parameters)
    assert entry.model_dump() == {key: pytest.approx(value) for key, value in model.model_dump().items()}
    assert content == tiny_bundle.path(model).read_bytes()
    compiled, _ = pack.model_entry("acoustic", tiny_bundle.path(model), Path("there"), 1)
    assert compiled.compiled == "acoustic_edgetpu.tflite"


def test_without_the_compiler_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    def absent() -> None:
        raise EnvironmentLacking("the compiler is not here", "get it")

    monkeypatch.setattr(pack.locate, "find", absent)
    lines: list[str] = []
    monkeypatch.setattr(pack, "note", lines.append)
    monkeypatch.setenv("UNDERTONE_TEMPLATES", str(tmp_path / "none"))
    made = SimpleNamespace(acoustic=tmp_path / "a", keyword=tmp_path / "k")
    assert pack.compile_if_possible(Stages(tmp_path), made, "trunk") is None  # type: ignore[arg-type]
    assert "no compiled model is claimed" in lines[0]
    assert "get it" in lines[1]
    # What to compile, where, and how it comes back: each network alone.
    said = "\n".join(lines[2:])
    assert f"undertone compile {tmp_path}/a/acoustic.tflite --out compiled/acoustic" in said
    assert f"undertone compile {tmp_path}/k/keyword.tflite --out compiled/keyword" in said
    assert "x86-64" in said
    assert "compiled/keyword/keyword_edgetpu.tflite --recipe trunk" in said


def test_with_the_compiler_both_networks_are_one_stage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("acoustic", "keyword"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.tflite").write_bytes(name.encode())

    def compile_both(models: list[Path], out: Path) -> None:
        for model in models:
            (out / f"{model.stem}_edgetpu.tflite").write_bytes(model.read_bytes())

    monkeypatch.setattr(pack.locate, "find", lambda: "compiler")
    monkeypatch.setattr(pack, "compile_models", compile_both)
    made = SimpleNamespace(acoustic=tmp_path / "acoustic", keyword=tmp_path / "keyword")
    stages = Stages(tmp_path / "stages")
    folder = pack.compile_if_possible(stages, made, "trunk")  # type: ignore[arg-type]
    assert folder is not None
    assert (folder / "keyword_edgetpu.tflite").read_bytes() == b"keyword"
    pack.compile_if_possible(stages, made, "trunk")  # type: ignore[arg-type]
    assert stages.made == ["compiled"]


@pytest.mark.parametrize(
    ("value", "unit", "interval", "text"),
    [
        (57.14, "%", None, "57.1 %"),
        (60.0, "%", (51.2, 68.9), "60.0 % [51..69]"),
        (1234567.0, "bytes", None, "1,234,567"),
        (728.0, "", None, "728"),
        (2.5, "ms", (1.6, 3.4), "2.5 ms [2..3]"),
        (-0.4, "points", None, "-0.4"),
    ],
)
def test_a_figure_is_short(value: float, unit: str, interval: tuple[float, float] | None, text: str) -> None:
    assert summary.shown(figure(value, unit, interval=interval)) == text


def test_the_closing_table_names_evidence_and_terms(
    make_bundle: Callable[..., Bundle], capsys: Capture
) -> None:
    bundle = make_bundle(figures=all_figures())
    summary.show_bundle(bundle)
    told = capsys.readouterr().out
    assert bundle.id[:12] in told
    assert all(title.strip() in told for title, *_ in summary.ROWS)
    assert "NO COMMERCIAL USE" in told
    assert "2 test speakers" in told
    assert "synthetic" not in told.lower()


def test_the_teachers_layer_stands_beside_what_saliency_would_take() -> None:
    layers = [
        {"layer": "conv1", "probe_uar": 0.25, "saliency": 0.9},
        {"layer": "conv17", "probe_uar": 0.541, "saliency": 0.3},
    ]
    ranked = {"chosen": "conv17", "layers": layers, "heard": ["conv15", "conv17"], "encoder": "yamnet"}
    line = summary.layer_line(ranked)
    assert "hears conv15, conv17 of yamnet" in line
    assert "a probe on conv17 reaches 54 % UAR" in line
    assert "Saliency alone would take conv1 (25 %)" in line


def test_a_bundle_without_foundation_model_has_no_ranking(make_bundle: Callable[..., Bundle]) -> None:
    assert summary.stored_ranking(make_bundle(figures=all_figures())) is None


def test_synthetic_speech_is_said_on_every_score(make_bundle: Callable[..., Bundle], capsys: Capture) -> None:
    bundle = make_bundle(figures=all_figures("synthetic"), evidence="synthetic")
    assert {tag for *_, tag in summary.table_rows(bundle)} == {"simulated, synthetic"}
    summary.show_bundle(bundle)
    assert capsys.readouterr().out.startswith("SYNTHETIC speech")


def test_figures_that_are_not_about_speech_are_not_tagged(make_bundle: Callable[..., Bundle]) -> None:
    figures = all_figures("synthetic") | {"latency": figure(2.0, "ms", source="a fitted formula")}
    rows = summary.table_rows(make_bundle(figures=figures, evidence="synthetic"))
    assert {row[0]: row[3] for row in rows}["latency of both networks"] == "simulated"


def test_the_table_is_json_ready(make_bundle: Callable[..., Bundle]) -> None:
    assert json.dumps(summary.table_rows(make_bundle(figures=all_figures())))
