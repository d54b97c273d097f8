"""A run, recorded and judged again without a device: the same verdict, bit for bit, on host and twin."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import BundleInvalid, CorpusInvalid
from firmware_bridge.base.toolchain import m7_compilers
from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.reference.device import ReferenceDevice
from hil.budgets import load_budgets
from hil.chip.stages import describe_chip
from hil.client.recovery import DeviceGone
from hil.devices import open_device
from hil.devices.base import Device
from hil.recording import read_recording
from hil.report import HilReport
from hil.rig.observations import Segment
from hil.rig.replay import Replayed, replay
from hil.rig.rerecord import CHANNELS
from hil.rig.run import run_hil
from tests.support.in_memory import Flaky, InMemory
from tests.support.tiny_bundle import make_manifest


@pytest.fixture(scope="module")
def chip(bundle: Bundle) -> Any:
    return describe_chip(bundle, 48, 16)


def run(device: Device, bundle: Bundle, segments: list[Segment], folder: Path, **more: Any) -> HilReport:
    budgets = more.pop("budgets", load_budgets())
    return run_hil(
        device, bundle, segments, CHANNELS["clean"], budgets, folder, record=folder / "run.rec", **more
    )


def again(folder: Path, bundle: Bundle) -> Replayed:
    return replay(read_recording(folder / "run.rec"), bundle)


def verdicts_of(report: HilReport) -> list[tuple[str, str, float | None, str]]:
    return [
        (one.name, one.status.value, one.quantity.value if one.quantity else None, one.detail)
        for one in report.verdicts
    ]


@pytest.mark.parametrize("name", ["host", "twin"])
def test_the_same_verdict_bit_for_bit(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, name: str
) -> None:
    if name == "twin":
        pytest.importorskip("unicorn")
        if not m7_compilers():
            pytest.skip("no compiler for the Cortex-M7")
    report = run(open_device(name, bundle.directory), bundle, segments[:4], tmp_path)
    found = again(tmp_path, bundle)
    assert found.differences == ()
    assert found.report.scores_sha256 == report.scores_sha256
    assert verdicts_of(found.report) == verdicts_of(report)
    then, now = report.as_dict(), found.report.as_dict()
    own = {"steps", "notes", "files"}
    assert {key: now[key] for key in now if key not in own} == {
        key: then[key] for key in then if key not in own
    }, "times, memory and pictures' data as well"
    assert any("no device was asked" in line for line in found.report.notes)


def test_a_broken_promise_is_broken_again_with_the_promises_of_then(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any
) -> None:
    budgets = {"model_bytes": load_budgets()["model_bytes"].model_copy(update={"at_most": 10.0})}
    report = run(
        InMemory(ReferenceDevice(bundle)), bundle, segments[:3], tmp_path, budgets=budgets, chip=chip
    )
    assert report.verdict == "broken"
    found = again(tmp_path, bundle)
    assert found.report.verdict == "broken"
    assert [one.name for one in found.report.broken] == ["model_bytes"]
    assert found.differences == ()


def test_a_device_that_goes_and_comes_back_does_so_again(
    bundle: Bundle, segments: list[Segment], tmp_path: Path
) -> None:
    device = Flaky(ReferenceDevice(bundle), after=6000, looks=3)
    report = run(device, bundle, segments[:4], tmp_path)
    assert len(report.seen.incidents) == 1
    found = again(tmp_path, bundle)
    assert found.report.seen.incidents == report.seen.incidents
    assert found.report.scores_sha256 == report.scores_sha256
    assert found.differences == ()


def test_a_device_that_stays_away_leaves_the_same_out(
    bundle: Bundle, segments: list[Segment], tmp_path: Path
) -> None:
    report = run(Flaky(ReferenceDevice(bundle), after=9000, looks=1000), bundle, segments[:6], tmp_path)
    assert report.verdict == "partial" or report.broken
    assert report.seen.left_out
    found = again(tmp_path, bundle)
    assert found.report.seen.left_out == report.seen.left_out
    assert found.report.verdict == report.verdict
    assert found.differences == ()


def test_a_run_that_failed_fails_again(bundle: Bundle, segments: list[Segment], tmp_path: Path) -> None:
    with pytest.raises(DeviceGone) as caught:
        run(Flaky(ReferenceDevice(bundle), after=500, looks=1000), bundle, segments[:2], tmp_path)
    recording = read_recording(tmp_path / "run.rec")
    assert recording.end.verdict == f"error: {caught.value.what}"
    with pytest.raises(DeviceGone) as once_more:
        replay(recording, bundle)
    assert once_more.value.what == caught.value.what


def test_another_bundle_is_refused_with_both_ids(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any
) -> None:
    run(InMemory(ReferenceDevice(bundle)), bundle, segments[:2], tmp_path, chip=chip)
    other = write_bundle(tmp_path / "other", *make_manifest(name="other"))
    with pytest.raises(BundleInvalid) as caught:
        again(tmp_path, other)
    assert bundle.id[:16] in caught.value.what
    assert other.id[:16] in caught.value.what
    assert "--bundle" in caught.value.remedy


def test_what_comes_out_otherwise_is_said(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any
) -> None:
    run(InMemory(ReferenceDevice(bundle)), bundle, segments[:3], tmp_path, chip=chip)
    recording = read_recording(tmp_path / "run.rec")
    end = recording.end.model_copy(
        update={
            "scores_sha256": "0" * 64,
            "verdict": "partial",
            "statuses": recording.end.statuses | {"scores_lsb": "broken"},
        }
    )
    found = replay(replace(recording, end=end), bundle)
    told = " ".join(found.differences)
    assert "The scores differ: " in told
    assert "0" * 16 in told
    assert "The verdict differs: " in told
    assert "scores_lsb differs: kept now, broken then." in told
    assert set(found.differences) <= set(found.report.notes)


def test_the_hosts_own_arithmetic_is_computed_anew(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A front-end of the host that was broken since is found by a replay: the device's answers are those of then."""
    run(InMemory(ReferenceDevice(bundle)), bundle, segments[:2], tmp_path, chip=chip)
    right = ReferenceDevice.segment_features

    def wrong(self: ReferenceDevice, pcm: np.ndarray) -> list[np.ndarray]:
        windows = [window.copy() for window in right(self, pcm)]
        windows[0][0, 0] += 1
        return windows

    monkeypatch.setattr(ReferenceDevice, "segment_features", wrong)
    found = again(tmp_path, bundle)
    assert "alignment_lsb differs: broken now, kept then." in found.differences


def test_segments_that_cannot_be_scored_end_the_recording(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(CorpusInvalid):
        run(InMemory(ReferenceDevice(bundle)), bundle, [], tmp_path)
    assert read_recording(tmp_path / "run.rec").end.verdict.startswith("error: no segments")


def test_a_failing_run_names_its_log_and_its_recording(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any
) -> None:
    budgets = {"model_bytes": load_budgets()["model_bytes"].model_copy(update={"at_most": 10.0})}
    run(InMemory(ReferenceDevice(bundle)), bundle, segments[:2], tmp_path, budgets=budgets, chip=chip)
    log, recording = str(tmp_path / "events.jsonl"), str(tmp_path / "run.rec")
    root = ET.fromstring((tmp_path / "junit.xml").read_bytes())
    failure = next(iter(root.iter("failure"))).get("message") or ""
    assert f"log: {log}" in failure
    assert f"recording: {recording}" in failure
    assert json.loads((tmp_path / "report.json").read_text())["files"] == {"log": log, "recording": recording}
    lines = [json.loads(line) for line in Path(log).read_text().splitlines()]
    assert {line["stage"] for line in lines} >= {"hil"}


def test_the_log_is_of_the_last_run_alone(
    bundle: Bundle, segments: list[Segment], tmp_path: Path, chip: Any
) -> None:
    sizes = []
    for _ in range(2):
        run(InMemory(ReferenceDevice(bundle)), bundle, segments[:2], tmp_path, chip=chip)
        sizes.append(len((tmp_path / "events.jsonl").read_text().splitlines()))
    assert sizes[0] == sizes[1]
