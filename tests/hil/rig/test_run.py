"""The whole rig, once: a process on a pseudo-terminal, real networks, checks, gate and reports."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import BundleInvalid, CorpusInvalid, UnknownName
from firmware_bridge.contract.bundle import Bundle
from hil.budgets import Status, load_budgets
from hil.devices import open_device
from hil.devices.host_process import HostProcess
from hil.report import HilReport, tables, write_report
from hil.rig.rerecord import CHANNELS
from hil.rig.run import Segment, run_hil


@pytest.fixture(scope="session")
def out_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hil")


@pytest.fixture(scope="session")
def report(bundle: Bundle, segments: list[Segment], out_dir: Path) -> HilReport:
    device = open_device("host", bundle.directory)
    return run_hil(device, bundle, segments, CHANNELS["clean"], load_budgets(), out_dir)


def test_the_device_computes_what_the_laptop_computes(report: HilReport) -> None:
    data = report.as_dict()
    assert data["alignment_lsb"] == data["scores_lsb"] == 0
    assert report.seen.features_compared > 12 * 48 * 16
    assert len(np.unique(report.seen.fused)) > 5, "scores that vary, not a constant"


def test_every_promise_was_judged_and_the_gate_tested_itself(report: HilReport) -> None:
    assert {verdict.name for verdict in report.verdicts} == set(load_budgets())
    assert report.passed, [(one.name, one.detail) for one in report.broken]
    assert len(report.gate) == len([one for one in report.verdicts if one.quantity is not None])
    assert all(one.caught for one in report.gate)
    asked_of_people = [one.name for one in report.verdicts if one.status is Status.NOT_ASKED]
    assert asked_of_people == [
        "macro_f1_acoustic",
        "macro_f1_keyword",
        "macro_f1_fused",
        "fused_gain",
        "int8_agreement",
        "chip_flips",
    ]


def test_the_report_says_how_long_each_step_took(report: HilReport, out_dir: Path) -> None:
    steps = json.loads((out_dir / "report.json").read_text())["steps"]
    assert [(one["stage"], one["step"], one["items"]) for one in steps] == [
        ("hil", "analysing the networks", 0),
        ("hil", "starting host", 0),
        ("hil", "streaming through host", 12),
        ("hil", "under the chip's arithmetic", 12),
        ("hil", "checking the promises", 0),
        ("hil", "", 0),
    ]
    assert {one["outcome"] for one in steps} == {"done"}
    *parts, whole = (one["seconds"] for one in steps)
    assert 0 < sum(parts) <= whole + 0.01
    assert whole >= float(sum(report.seen.wall_s))
    page = (out_dir / "report.html").read_text()
    assert "<td>streaming through host</td><td>12</td>" in page
    assert f"<td>the whole run</td><td></td><td>{whole:.1f} s</td><td>done</td>" in page


def test_a_second_run_gives_the_same_scores(
    report: HilReport, bundle: Bundle, segments: list[Segment]
) -> None:
    again = run_hil(
        open_device("host", bundle.directory),
        bundle,
        segments[:4],
        CHANNELS["clean"],
        {},
        Path(bundle.directory).parent / "again",
        chip=report.seen.chip,
    )
    assert np.array_equal(again.seen.fused, report.seen.fused[:4])
    assert again.scores_sha256 != report.scores_sha256, "fewer segments, another hash"


def test_what_was_measured_last_time_and_is_not_now_is_loud(
    report: HilReport,
    bundle: Bundle,
    segments: list[Segment],
    out_dir: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "report.json").write_bytes((out_dir / "report.json").read_bytes())
    mute = [replace(one, keyword=None) for one in segments[:3]]
    again = run_hil(
        open_device("host", bundle.directory),
        bundle,
        mute,
        CHANNELS["clean"],
        load_budgets(),
        tmp_path,
        chip=report.seen.chip,
    )
    lost = "fused_gain WAS MEASURED LAST TIME AND IS NOT NOW: no segment has a keyword"
    assert sum(lost in line for line in again.notes) == 1
    assert lost in caplog.text, "on standard error as well"
    assert lost in (tmp_path / "report.html").read_text()
    assert any(lost in line for line in json.loads((tmp_path / "report.json").read_text())["notes"])


def test_the_json_report_is_complete(report: HilReport, out_dir: Path) -> None:
    data = json.loads((out_dir / "report.json").read_text())
    for key in (
        "verdict",
        "alignment_lsb",
        "realtime_factor",
        "scores_sha256",
        "budgets",
        "latency",
        "memory",
    ):
        assert key in data, key
    assert data["verdict"] == "kept"
    assert len(data["scores_sha256"]) == 64
    assert [segment["name"] for segment in data["segments"]] == list(report.seen.names)
    assert all(budget["figure"]["evidence"] for budget in data["budgets"] if budget["figure"])
    assert set(data["scores"]) == {"acoustic", "fused", "keyword", "keyword vote"}
    assert data["bundle"]["id"] == report.bundle["id"]
    sizes = {region["name"]: region for region in data["memory"]}
    assert sizes["OCRAM"]["on_chip"]
    assert not sizes["SDRAM"]["on_chip"]


def test_the_junit_report_names_promises_and_segments(report: HilReport, out_dir: Path) -> None:
    root = ET.fromstring((out_dir / "junit.xml").read_bytes())
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    assert suites["segments"].get("tests") == "12"
    assert suites["budgets"].get("failures") == "0"
    assert suites["budgets"].get("skipped") == "7", "six are for real speech, and p95 for a board"
    properties = {one.get("name"): one.get("value") for one in suites["budgets"].iter("property")}
    assert properties["scores_sha256"] == report.scores_sha256


def test_the_page_needs_nothing_else(report: HilReport, out_dir: Path) -> None:
    page = (out_dir / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page and "<script" not in page and 'src="data' in page
    assert "all promises kept" in page
    assert "stand in for the Edge TPU" in page
    for tag in ("measured", "simulated", "estimated"):
        assert f'class="tag {tag}">{tag}' in page


def test_the_terminal_tables_are_rectangular(report: HilReport) -> None:
    for table in tables(report):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows), table.title


def test_a_broken_promise_is_loud_everywhere(report: HilReport, tmp_path: Path) -> None:
    from hil.checks import verdicts

    lsb = report.seen.features_lsb.copy()
    lsb[3] = 7
    seen = replace(report.seen, features_lsb=lsb, names=("<b>x</b>", *report.seen.names[1:]))
    broken = replace(report, seen=seen, verdicts=verdicts(seen, load_budgets()))
    assert not broken.passed
    write_report(broken, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "broken"
    failures = list(ET.fromstring((tmp_path / "junit.xml").read_bytes()).iter("failure"))
    assert len(failures) == 2, "the promise and the segment"
    page = (tmp_path / "report.html").read_text()
    assert "1 broken" in page
    assert "7 LSB too much" in page
    assert "-ffp-contract=off" in page, "what to change"
    assert "<b>x</b>" not in page, "names are escaped"


def test_another_bundle_on_the_device_is_refused(
    bundle: Bundle, segments: list[Segment], tmp_path: Path
) -> None:
    import sys

    device = HostProcess([sys.executable, "-m", "tests.support.loopback_device"])
    with pytest.raises(BundleInvalid, match="expects") as caught:
        run_hil(device, bundle, segments, CHANNELS["clean"], {}, tmp_path)
    assert bundle.id[:16] in caught.value.what
    assert "0" * 16 in caught.value.what


def test_a_damaged_bundle_is_refused_by_the_device(bundle: Bundle, tmp_path: Path) -> None:
    import shutil

    from firmware_bridge.base.errors import DeviceError

    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    model = copy / "acoustic.tflite"
    model.write_bytes(bytes([model.read_bytes()[0] ^ 1]) + model.read_bytes()[1:])
    with (
        pytest.raises(DeviceError, match=r"acoustic.tflite in bundle .* is damaged"),
        HostProcess.from_bundle(copy),
    ):
        raise AssertionError("started")


def test_segments_that_cannot_be_scored_are_refused(
    bundle: Bundle, segments: list[Segment], tmp_path: Path
) -> None:
    first = segments[0]
    cases: list[tuple[list[Segment], type[Exception], str]] = [
        ([], CorpusInvalid, "no segments"),
        ([first, first], CorpusInvalid, "same name"),
        ([Segment("a", first.pcm, 9, "dan")], CorpusInvalid, "label number 9"),
        ([Segment("a", first.pcm[:0], 0, "dan")], CorpusInvalid, "no samples"),
        ([Segment("a", first.pcm, 0, "dan", "sesame")], UnknownName, "sesame"),
    ]
    for given, kind, words in cases:
        with pytest.raises(kind, match=words):
            run_hil(open_device("host", bundle.directory), bundle, given, CHANNELS["clean"], {}, tmp_path)
