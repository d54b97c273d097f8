"""A bundle's outputs as systems: in the classes that bundle and corpus share, beside filterbank and pitch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from tools.cli import run
from train.evaluation.on_corpus import BRANCHES, choose, evaluate
from train.mitra.bundles import Size, bundle_page, bundle_systems, present, softmax, truth_of
from train.mitra.filterbank import NAME

SIZES = {name: Size(100, 1000) for name in BRANCHES}
Capture = pytest.CaptureFixture[str]


def test_softmax() -> None:
    found = softmax(np.array([[0.0, np.log(3.0)], [1000.0, 1000.0]]))
    assert found.tolist() == [pytest.approx([0.25, 0.75]), pytest.approx([0.5, 0.5])]


def test_the_outputs_are_the_scorecards_own(tiny_bundle: Bundle, ravdess: Path) -> None:
    chosen = choose(tiny_bundle, f"ravdess:{ravdess}")
    found = evaluate(tiny_bundle, chosen)
    device = ReferenceDevice(tiny_bundle)
    known = truth_of(tiny_bundle, chosen)
    assert known.labels == tuple(tiny_bundle.manifest.labels)
    for one in bundle_systems(tiny_bundle, chosen, found.scores, device, SIZES, "clean"):
        hits = (one.shares.argmax(axis=1) == known.truth).mean()
        assert hits == pytest.approx(found.cards[one.system].accuracy)
        assert one.shares.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_classes_that_the_corpus_lacks_have_no_column(tiny_bundle: Bundle, ravdess: Path) -> None:
    from dataclasses import replace

    chosen = choose(tiny_bundle, f"ravdess:{ravdess}")
    first = tiny_bundle.manifest.labels[0]
    fewer = tuple(label for label in chosen.corpus.labels if label != first)
    kept = [i for i, clip in enumerate(chosen.clips) if clip.label != first]
    chosen = replace(
        chosen,
        corpus=replace(chosen.corpus, labels=fewer),
        clips=tuple(chosen.clips[i] for i in kept),
        truth=chosen.truth[kept],
    )
    assert present(tiny_bundle, chosen).tolist() == [1, 2]
    known = truth_of(tiny_bundle, chosen)
    assert known.labels == tuple(tiny_bundle.manifest.labels[1:])
    assert set(known.truth.tolist()) == {0, 1}
    assert [known.labels[t] for t in known.truth] == [clip.label for clip in chosen.clips]


def test_the_page_of_a_bundle(tiny_bundle: Bundle, ravdess: Path) -> None:
    chosen = choose(tiny_bundle, f"ravdess:{ravdess}")
    page = bundle_page(tiny_bundle, chosen, evaluate(tiny_bundle, chosen), SIZES, noise=True)
    assert page.comparison is not None
    names = {one.system for one in page.comparison.scores}
    assert {*BRANCHES, NAME} < names
    assert {loss.condition for loss in page.comparison.losses} == {"15 dB", "5 dB"}
    assert page.comparison.proof == chosen.proof.hash
    assert any("bundle's own training speakers" in note for note in page.notes)
    assert any("labelled 'sad'" in note for note in page.notes)


def test_evaluate_writes_it(tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "page.html"
    line = ["evaluate", "--bundle", str(tiny_bundle.directory), "--corpus", f"ravdess:{ravdess}"]
    assert run([*line, "--html", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    scores = {one["system"]: one for one in found["page"]["comparison"]["scores"]}
    for name in BRANCHES:
        assert scores[name]["card"]["uar"] == found["outputs"][name]["uar"]
    assert scores["fused"]["parameters"] > scores["acoustic"]["parameters"] > 0
    assert scores["fused"]["multiply_adds"] > scores["acoustic"]["multiply_adds"] > 0
    assert found["page"]["evidence"] == "simulated"
    text = out.read_text()
    assert '<span class="tag">simulated</span>' in text
    assert "keyword output says what hearing none suggests" in text
