"""The report's structure and its tables: figures by hand, refusals in words, JSON that stays JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.evidence import Evidence
from hil.budgets import Status
from hil.report import tables, write_report
from hil.report.html import render_html
from hil.report.model import region_dict, scorecards, segment_dict, step_dict
from hil.report.tables import MARKS, latency_table, memory_table, score_table, step_table, verdict_table
from hil.rig.observations import NO_KEYWORD
from tests.support.observations import observations
from tests.support.reports import STEPS, report_of


class TestReport:
    def test_it_passes_as_long_as_nothing_is_broken(self) -> None:
        report = report_of()
        assert report.passed
        assert report.broken == []
        assert report.as_dict()["verdict"] == "kept"
        lsb = np.zeros(24, np.int64)
        lsb[1] = 1
        broken = report_of(observations(scores_lsb=lsb))
        assert [one.name for one in broken.broken] == ["scores_lsb"]
        assert broken.as_dict()["verdict"] == "broken"

    def test_what_was_not_measured_does_not_break_it(self) -> None:
        seen = observations()
        guessed = {
            name: replace(one, evidence=Evidence.ESTIMATED) for name, one in seen.chip.stages_ms.items()
        }
        report = report_of(replace(seen, chip=replace(seen.chip, stages_ms=guessed)))
        statuses = {one.name: one.status for one in report.verdicts}
        assert statuses["latency_p95_ms"] is Status.NOT_MEASURED
        assert report.passed
        assert report_of(observations(figures={})).broken[0].name == "int8_agreement", "that one is required"

    def test_the_hash_of_scores_is_over_raw_bytes_in_order(self) -> None:
        seen = observations()
        rows = b"".join(
            seen.acoustic[i].tobytes() + seen.keyword[i].tobytes() + seen.fused[i].tobytes()
            for i in range(24)
        )
        assert report_of(seen).scores_sha256 == hashlib.sha256(rows).hexdigest()
        other = seen.fused.copy()
        other[7, 1] += 1
        assert report_of(observations(fused=other)).scores_sha256 != report_of(seen).scores_sha256

    def test_a_figure_by_its_name(self) -> None:
        report = report_of()
        figure = report.figure("model_bytes")
        assert figure is not None and figure.value == 1_200_100
        assert report.figure("latency_p95_ms") is not None
        assert report.figure("beauty") is None

    def test_it_is_json(self) -> None:
        data = json.loads(json.dumps(report_of().as_dict(), allow_nan=False))
        assert data["alignment_lsb"] == 0
        assert data["realtime_factor"] == 20.0
        assert len(data["segments"]) == 24
        assert data["notes"] == ["A stand-in."]
        assert all(one["caught"] for one in data["gate_self_test"])

    def test_a_speaker_that_was_heard_takes_every_score_away(self) -> None:
        seen = observations(heard=("speaker1",))
        assert scorecards(seen) == {}
        report = report_of(seen)
        assert report.as_dict()["scores"] == {}
        assert not score_table(report).rows
        assert "No score is printed" in render_html(report)
        assert "confusion matrices" not in render_html(report)

    def test_without_keywords_there_is_no_card_of_them(self) -> None:
        seen = observations(keyword_truth=np.full(24, NO_KEYWORD))
        assert set(scorecards(seen)) == {"acoustic", "fused"}
        assert set(scorecards(observations())) == {"acoustic", "fused", "keyword", "keyword vote"}

    def test_keywords_are_scored_on_clips_that_ask_for_one(self) -> None:
        asked = np.arange(24) % 2
        asked[:12] = NO_KEYWORD
        assert scorecards(observations(keyword_truth=asked))["keyword"].clips == 12


class TestParts:
    def test_a_region(self) -> None:
        found = [region_dict(observations(), index) for index in range(4)]
        assert [one["name"] for one in found] == ["ITCM", "DTCM", "OCRAM", "SDRAM"]
        assert [one["on_chip"] for one in found] == [True, True, True, False]
        assert found[3]["used_bytes"] == 1_500_000
        assert found[3]["limit_bytes"] == 1_000_000
        assert found[0]["evidence"] == "estimated"

    def test_a_segment(self) -> None:
        assert segment_dict(observations(), 0) == {
            "name": "s0",
            "speaker": "speaker0",
            "label": "a",
            "keyword_label": "none",
            "acoustic": "b",  # one of the planted mistakes
            "keyword": "none",
            "fused": "a",
            "features_lsb": 0,
            "scores_lsb": 0,
            "audio_s": 2.0,
            "wall_s": 0.1,
        }

    def test_a_step(self) -> None:
        assert step_dict(STEPS[1]) == {
            "stage": "hil",
            "step": "streaming",
            "items": 24,
            "seconds": 61.04,
            "outcome": "done",
        }


class TestTables:
    def test_every_row_has_every_column(self) -> None:
        for table in (*tables(report_of()), step_table(report_of())):
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.columns)}

    def test_promises(self) -> None:
        table = verdict_table(report_of(observations(speech="synthetic")))
        rows = {row[0].split()[-1]: row for row in table.rows}
        assert rows["model_bytes"][0].startswith(MARKS[Status.KEPT])
        assert rows["model_bytes"][1].startswith("1,200,100 bytes")
        assert rows["model_bytes"][3].startswith("+599,900")
        assert rows["macro_f1_fused"][0].startswith(MARKS[Status.NOT_ASKED])
        assert rows["alignment_lsb"][2] == "= 0 LSB"
        lsb = np.zeros(24, np.int64)
        lsb[2] = 9
        broken = verdict_table(report_of(observations(features_lsb=lsb))).rows[0]
        assert broken[0] == f"{MARKS[Status.BROKEN]} alignment_lsb"
        assert broken[4] == "9 LSB too much"

    def test_scores_stand_beside_what_guessing_gives(self) -> None:
        rows = {row[0]: row for row in score_table(report_of()).rows}
        assert rows["fused"][1].startswith("100.0%")
        assert rows["acoustic"][1].startswith("75.0%")
        assert rows["acoustic"][3] == "33.3%", "always the same of three classes"
        assert rows["fused"][5] == "24"
        assert rows["fused"][6] == "simulated, real speech"

    def test_a_boards_scores_are_measured(self) -> None:
        rows = score_table(report_of(observations(evidence=Evidence.MEASURED))).rows
        assert {row[6] for row in rows} == {"measured, real speech"}

    def test_memory_and_latency(self) -> None:
        rows = {row[0]: row for row in memory_table(report_of()).rows}
        assert rows["SDRAM"][1:4] == ("1,500,000", "1,000,000", "150%")
        times = {row[0]: row[1] for row in latency_table(report_of()).rows}
        assert times["network"] == "10 ms [8.00, 13.00] (measured)"

    def test_steps(self) -> None:
        assert step_table(report_of()).rows == (
            ("starting made-up", "", "1.2 s", "done"),
            ("streaming", "24", "61.0 s", "done"),
            ("the whole run", "", "62.5 s", "done"),
        )


class TestPage:
    def test_words_from_outside_are_escaped(self) -> None:
        names = ("<script>alert(1)</script>", *observations().names[1:])
        page = render_html(report_of(observations(names=names), notes=("a <b>bold</b> note",)))
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "a &lt;b&gt;bold&lt;/b&gt; note" in page

    def test_parts_that_were_not_seen_are_left_out(self) -> None:
        seen = observations(example=None)
        seen = replace(seen, chip=replace(seen.chip, regions=(), stages_ms={}))
        page = render_html(report_of(seen))
        assert page.count("data:image/png") == 1, "the confusions alone"

    @pytest.mark.parametrize("planted", [0, 1])
    def test_the_head_counts_broken_promises(self, planted: int) -> None:
        lsb = np.zeros(24, np.int64)
        lsb[0] = planted
        page = render_html(report_of(observations(features_lsb=lsb)))
        assert ("all promises kept" in page) == (planted == 0)
        assert ("1 broken" in page) == (planted == 1)

    def test_the_three_files_are_written_whole(self, tmp_path: Path) -> None:
        files = write_report(report_of(), tmp_path / "new" / "folder")
        assert {kind: path.name for kind, path in files.items()} == {
            "json": "report.json",
            "junit": "junit.xml",
            "html": "report.html",
        }
        assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(
            path.name for path in files.values()
        )
