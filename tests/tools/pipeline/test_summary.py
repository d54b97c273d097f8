"""The closing table of a build: figures as people read them, and everything a reader must be told beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.contract.bundle import Bundle, write_bundle
from tests.support.tiny_bundle import ravdess_manifest
from tools.pipeline.summary import (
    ROWS,
    compiled_line,
    layer_line,
    show_bundle,
    shown,
    stored_ranking,
    table_rows,
)

Capture = pytest.CaptureFixture[str]
NAMES = {name for _, first, second in ROWS for name in (first, second) if name}


def figures(**changes: Any) -> dict[str, Any]:
    """Return a figure for every row, as a manifest holds them."""
    plain = Quantity(57.08, "%", Evidence.SIMULATED, 100, (50.4, 62.6), "test speech").as_dict()
    return dict.fromkeys(NAMES, plain | changes)


@pytest.fixture
def bundle(make_bundle: Callable[..., Bundle]) -> Bundle:
    return make_bundle(figures=figures())


class TestShown:
    @pytest.mark.parametrize(
        ("figure", "text"),
        [
            (Quantity(57.08, "%", Evidence.SIMULATED), "57.1 %"),
            (Quantity(57.0, "%", Evidence.SIMULATED), "57.0 %"),
            (Quantity(57.08, "%", Evidence.SIMULATED, 9, (50.4, 62.6)), "57.1 % [50..63]"),
            (Quantity(266304, "", Evidence.MEASURED), "266,304"),
            (Quantity(1_755_008, "bytes", Evidence.MEASURED), "1,755,008"),
            (Quantity(-1.25, "points", Evidence.SIMULATED), "-1.2"),
            (Quantity(12.345, "ms", Evidence.ESTIMATED), "12.3 ms"),
            (Quantity(0, "operations", Evidence.ESTIMATED), "0 operations"),
        ],
    )
    def test_a_figure(self, figure: Quantity, text: str) -> None:
        assert shown(figure) == text


class TestRows:
    def test_each_row_has_its_evidence(self, bundle: Bundle) -> None:
        rows = table_rows(bundle)
        assert [row[0] for row in rows] == [title for title, _, _ in ROWS]
        assert {row[3] for row in rows} == {"simulated"}
        assert {row[1] for row in rows} == {"57.1 % [50..63]"}

    def test_a_second_figure_stands_only_where_there_is_one(self, bundle: Bundle) -> None:
        for row, (_, _, second) in zip(table_rows(bundle), ROWS, strict=True):
            assert bool(row[2]) == (second is not None)

    def test_synthetic_speech_is_said_of_scores_and_not_of_sizes(
        self, make_bundle: Callable[..., Bundle]
    ) -> None:
        some = figures()
        some["bytes_acoustic"] = Quantity(5, "bytes", Evidence.MEASURED, source="the file").as_dict()
        rows = {row[0]: row[3] for row in table_rows(make_bundle(figures=some, evidence="synthetic"))}
        assert rows["student, int8"] == "simulated, synthetic"
        assert rows["bytes, acoustic"] == "measured"

    def test_a_figure_that_a_build_did_not_make_is_an_error_and_not_a_gap(
        self, make_bundle: Callable[..., Bundle]
    ) -> None:
        some = figures()
        del some["gain_control"]
        with pytest.raises(KeyError, match="gain_control"):
            table_rows(make_bundle(figures=some))


RANKED = {
    "encoder": "yamnet",
    "heard": ["conv13"],
    "chosen": "conv13",
    "layers": [
        {"layer": "conv5", "saliency": 0.9, "probe_uar": 0.41},
        {"layer": "conv13", "saliency": 0.2, "probe_uar": 0.585},
    ],
}


class TestLines:
    def test_probe_and_saliency_stand_side_by_side(self) -> None:
        line = layer_line(RANKED)
        assert "Teacher hears conv13 of yamnet, chosen by training speakers" in line
        assert "a probe on conv13 reaches 58 % UAR" in line
        assert "Saliency alone would take conv5 (41 %)" in line

    def test_a_ranking_is_read_from_the_bundle(self, tmp_path: Path) -> None:
        manifest, files = ravdess_manifest()
        files["scorecards.json"] = json.dumps({"layers": RANKED}).encode()
        with_it = write_bundle(tmp_path / "with", manifest, files)
        assert stored_ranking(with_it) == RANKED

    @pytest.mark.parametrize("content", [None, b"{}"])
    def test_where_no_foundation_was_used_there_is_none(self, tmp_path: Path, content: bytes | None) -> None:
        manifest, files = ravdess_manifest()
        if content is not None:
            files["scorecards.json"] = content
        assert stored_ranking(write_bundle(tmp_path / "made", manifest, files)) is None

    def test_networks_that_nobody_compiled(self, bundle: Bundle) -> None:
        assert compiled_line(bundle).count("none (a board cannot run this bundle)") == 2


class TestAll:
    def test_all_that_must_be_said(self, bundle: Bundle, capsys: Capture) -> None:
        show_bundle(bundle)
        told = capsys.readouterr().out
        assert bundle.id[:12] in told
        assert "2 test speakers, on whom nothing was trained or selected (2 trained, 1 selected on)" in told
        assert "Licence of corpus ravdess: L  NO COMMERCIAL USE" in told
        assert "SYNTHETIC" not in told
        assert str(bundle.directory) in told
        assert "Teacher's layer" not in told

    def test_synthetic_comes_first(self, make_bundle: Callable[..., Bundle], capsys: Capture) -> None:
        show_bundle(make_bundle(figures=figures(), evidence="synthetic"))
        assert capsys.readouterr().out.startswith(
            "SYNTHETIC speech: every score below is about synthetic voices"
        )

    def test_terms_that_allow_it_are_not_warned_of(
        self, make_bundle: Callable[..., Bundle], capsys: Capture
    ) -> None:
        free = {"name": "x", "kind": "corpus", "licence": "CC0", "attribution": "", "commercial": True}
        show_bundle(make_bundle(figures=figures(), licences=[free]))
        told = capsys.readouterr().out
        assert "Licence of corpus x: CC0\n" in told
        assert "NO COMMERCIAL USE" not in told
