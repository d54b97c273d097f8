"""Two bundles: one against itself, and one that was made worse on purpose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusMissing, InvalidSetting, SpeakerLeak
from firmware_bridge.contract.bundle import write_bundle
from hil.compare import Comparison, compare
from hil.compare.bundle_side import bundle_figures, bundle_sides, choose_clips
from hil.compare.page import render_page, write_page
from hil.compare.tables import accuracy_table, change_table, tables, unchanged
from tests.support.pairs import Pair
from tests.support.tiny_bundle import LABELS, ravdess_manifest
from train.evaluation.on_corpus import choose, evaluate, sound_of


class TestItself:
    @pytest.fixture(scope="class")
    def same(self, pair: Pair) -> Comparison:
        return pair.compared(pair.good, pair.good)

    def test_all_is_zero(self, same: Comparison) -> None:
        assert same.same
        assert not same.worse
        assert same.verdict == "No difference."
        for one in same.outputs.values():
            gap = one.uar_difference
            assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)
            assert not one.confusion.any()
            assert one.flips == ()
            assert one.verdict == "same"
        differences = [one.difference for rows in same.changes.values() for one in rows]
        assert len(differences) > 20
        assert set(differences) == {0}

    def test_nothing_but_the_accuracy_has_a_table(self, same: Comparison) -> None:
        assert [table.title.split(",")[0] for table in tables(same)] == ["Accuracy"]
        assert unchanged(same) == [group for group, rows in same.changes.items() if rows]
        page = render_page(same)
        assert 'class="verdict kept">no difference' in page
        assert "data:image" not in page
        assert "data:audio" not in page


class TestWorse:
    def test_the_sign_and_the_size_are_those_of_two_evaluations(self, pair: Pair, worse: Comparison) -> None:
        cards = [evaluate(one, choose(one, f"ravdess:{pair.root}")).cards for one in (pair.good, pair.spoilt)]
        for output, card in (("acoustic", "acoustic"), ("fused", "fused"), ("keyword vote", "keyword")):
            one, ends = worse.outputs[output], [each[card] for each in cards]
            assert one.uar == pytest.approx([each.uar.value for each in ends])
            assert one.macro_f1 == pytest.approx([each.macro_f1.value for each in ends])
            assert one.uar_difference.value == pytest.approx(ends[1].uar.value - ends[0].uar.value)
            counts = np.array(ends[1].confusion) - np.array(ends[0].confusion)
            order = [one.labels.index(label) for label in LABELS]
            assert one.confusion[np.ix_(order, order)].tolist() == counts.tolist()
        assert worse.outputs["acoustic"].uar[0] == 1.0, "the good one was fitted to the clips"
        assert worse.outputs["acoustic"].uar_difference.value < -0.2
        assert worse.worse

    def test_the_other_way_round_it_is_better(self, pair: Pair, worse: Comparison) -> None:
        better = pair.compared(pair.spoilt, pair.good)
        assert not better.worse
        for name, one in better.outputs.items():
            there = worse.outputs[name]
            assert one.uar_difference.value == pytest.approx(-there.uar_difference.value)
            assert one.uar_difference.low == pytest.approx(-there.uar_difference.high)
            assert [flip.clip for flip in one.flips] == [flip.clip for flip in there.flips]
            assert {flip.kind for flip in one.flips} <= {"mended", "moved"}

    def test_the_verdict_is_one_sentence_that_names_the_key(self, worse: Comparison) -> None:
        fused = worse.outputs["fused"]
        assert worse.verdict.startswith(
            f"The second is worse: fused UAR {100 * fused.uar_difference.value:+.1f}"
        )
        assert f"over 3 speakers, {len(fused.flips)} of 18 clips flipped" in worse.verdict
        assert worse.verdict.endswith("changed: recipe.student.width, other code.")
        assert len(worse.verdict.split(". ")) == 1

    def test_only_the_changed_key_is_named(self, worse: Comparison) -> None:
        found = worse.origins
        assert [one.as_dict() for one in found.keys] == [
            {"key": "recipe.student.width", "first": 64, "second": 48}
        ]
        assert found.files == ("acoustic.tflite",)
        assert found.code == ("a" * 40, "b" * 40)
        assert found.code_files is None, "this checkout knows neither revision"
        assert [row[0] for row in change_table(worse).rows] == ["recipe.student.width", "code", "file"]

    def test_a_damaged_weight_changes_no_byte_count(self, worse: Comparison) -> None:
        assert {"bytes", "Edge TPU", "bytes per operation", "memory"} <= set(unchanged(worse))
        assert not worse.same

    def test_clips_that_flipped_are_named_and_can_be_listened_to(
        self, pair: Pair, worse: Comparison, tmp_path: Path
    ) -> None:
        flips = worse.outputs["fused"].flips
        assert flips
        assert all((pair.root / flip.clip).is_file() for flip in flips)
        assert all(flip.first != flip.second for flip in flips)
        chosen = choose(pair.good, f"ravdess:{pair.root}")
        sounds = sound_of(chosen, [flip.clip for flip in flips[:2]])
        write_page(worse, tmp_path / "page.html", sounds)
        page = (tmp_path / "page.html").read_text()
        assert page.count("data:audio/wav;base64,") == 2
        assert f"{len(flips) - 2} more flipped" in page
        assert all(flip.clip.rpartition("/")[2] in page for flip in flips)
        assert "http" not in page and "<script" not in page
        assert page.count("data:image/png") == sum(bool(one.flips) for one in worse.outputs.values())

    def test_the_page_escapes_what_comes_from_outside(self, worse: Comparison) -> None:
        first = replace(worse.first, place="<b>x</b>")
        page = render_page(replace(worse, first=first, notes=("a <i>note</i>",)))
        assert "<b>x</b>" not in page
        assert "&lt;i&gt;note" in page

    def test_it_is_json(self, worse: Comparison) -> None:
        data = json.loads(json.dumps(worse.as_dict(), allow_nan=False))
        assert data["verdict"] == worse.verdict
        assert data["accuracy"]["fused"]["verdict"] == "worse"
        assert data["changed"]["keys"][0]["key"] == "recipe.student.width"
        assert data["first"]["kind"] == "bundle"
        assert data["not_compared"] == ""
        assert set(data["figures"]) == set(worse.changes)

    def test_tables_are_rectangular_and_can_be_cut(self, worse: Comparison) -> None:
        for table in (*tables(worse), *tables(worse, 2)):
            assert {len(row) for row in table.rows} <= {len(table.columns)}, table.title
        cut = {table.title.split(" (")[0]: table for table in tables(worse, 2)}
        assert all(len(table.rows) == 2 for title, table in cut.items() if "flipped" in title)
        assert "the first 2 of" in next(one.title for one in tables(worse, 2) if "flipped" in one.title)
        assert not any(title.startswith("acoustic") for title in cut), "the decisive output's alone"
        assert accuracy_table(worse).rows[-2][0] == "fused"


class TestFigures:
    def test_what_a_bundle_is(self, pair: Pair) -> None:
        found = bundle_figures(pair.good)
        files = pair.good.manifest.files
        sizes = {name: one.value for name, one in found["bytes"].items() if name in files}
        assert sizes == {name: (pair.good.directory / name).stat().st_size for name in files}
        assert list(found["bytes per operation"]) == [
            "acoustic 0 FULLY_CONNECTED",
            "keyword 0 FULLY_CONNECTED",
        ]
        assert all(one.value > 0 for one in found["bytes per operation"].values())
        assert found["memory"]["SDRAM"].value == sum(
            one.value for name, one in found["memory"].items() if name.startswith("SDRAM: ")
        )
        assert all(one.evidence for group in found.values() for one in group.values())

    def test_a_larger_file_is_a_difference(self, pair: Pair, tmp_path: Path) -> None:
        manifest, files = ravdess_manifest()
        one = write_bundle(tmp_path / "one", manifest, files)
        two = write_bundle(tmp_path / "two", manifest, files | {"notes.md": b"12345"})
        found = pair.compared(one, two)
        row = next(one for one in found.changes["bytes"] if one.differs)
        assert (row.name, row.first, row.second and row.second.value) == ("notes.md", None, 5)
        assert found.verdict.startswith("The second decides the same on all 18 clips; +5 bytes; no setting")
        assert "notes.md" in found.verdict


class TestClips:
    def test_nobody_is_compared_on_whom_one_has_heard(self, pair: Pair, tmp_path: Path) -> None:
        split = pair.good.manifest.split.model_dump() | {"train": ["ravdess/04"]}
        other = write_bundle(tmp_path / "other", *ravdess_manifest(split=split))
        clips = choose_clips(pair.good, other, f"ravdess:{pair.root}", None)
        assert clips.chosen is not None
        assert [one.speakers for one in clips.chosen] == [("ravdess/05", "ravdess/06")] * 2

    def test_a_corpus_that_both_have_heard_is_refused_where_it_was_asked_for(
        self, pair: Pair, tmp_path: Path
    ) -> None:
        split = pair.good.manifest.split.model_dump() | {"train": [f"ravdess/0{n}" for n in range(4, 7)]}
        other = write_bundle(tmp_path / "other", *ravdess_manifest(split=split))
        with pytest.raises(SpeakerLeak, match="every speaker of ravdess"):
            choose_clips(pair.good, other, f"ravdess:{pair.root}", None)

    def test_without_the_corpus_the_rest_is_compared_and_that_is_said(
        self, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
        clips = choose_clips(pair.good, pair.spoilt, None, None)
        assert clips.chosen is None
        found = compare(*bundle_sides(pair.good, pair.spoilt, clips))
        assert found.outputs == {}
        assert found.verdict.startswith(f"Accuracy was not compared: {clips.why_not}")
        assert found.as_dict()["not_compared"] == clips.why_not
        same = compare(*bundle_sides(pair.good, pair.good, clips))
        assert same.verdict.startswith("No difference; accuracy was not compared: ")
        with pytest.raises(CorpusMissing):
            choose_clips(pair.good, pair.spoilt, f"ravdess:{tmp_path}", None)

    def test_other_classes_cannot_be_compared(self, pair: Pair, tmp_path: Path) -> None:
        other = write_bundle(tmp_path / "other", *ravdess_manifest(labels=["angry", "calm", "sad"]))
        with pytest.raises(InvalidSetting, match="other classes: happy, sad"):
            choose_clips(pair.good, other, f"ravdess:{pair.root}", None)

    def test_a_limit_takes_the_same_clips_of_both(self, pair: Pair) -> None:
        clips = choose_clips(pair.good, pair.spoilt, f"ravdess:{pair.root}", 5)
        assert clips.chosen is not None
        one, two = ([clip.name for clip in side.clips] for side in clips.chosen)
        assert one == two
        assert len(one) == 5
