"""`undertone hil --record` and `undertone replay` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle, write_bundle
from tests.support.recordings import write_ravdess
from tests.support.tiny_bundle import ravdess_manifest
from tools.cli import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bundle, int]:
    """A recorded run of the host device, its bundle, and its exit status."""
    folder = tmp_path_factory.mktemp("run")
    bundle = write_bundle(folder / "tiny", *ravdess_manifest())
    corpus = write_ravdess(folder / "ravdess", actors=(4, 5))
    line = ["hil", "--bundle", str(bundle.directory), "--corpus", f"ravdess:{corpus}"]
    status = run(
        [*line, "--out", str(folder / "out"), "--channel", "clean", "--record", str(folder / "run.rec")]
    )
    assert status in (0, 1)
    return folder / "run.rec", bundle, status


def test_the_same_verdict_and_a_page(
    recording: tuple[Path, Bundle, int], tmp_path: Path, capsys: Capture
) -> None:
    file, bundle, status = recording
    page = tmp_path / "page.html"
    assert (
        run(["replay", str(file), "--bundle", str(bundle.directory), "--html", str(page), "--json"]) == status
    )
    found = json.loads(capsys.readouterr().out)
    then = json.loads((file.parent / "out" / "report.json").read_text())
    for key in ("verdict", "scores_sha256", "budgets", "segments", "scores"):
        assert found[key] == then[key], key
    assert "no device was asked" in page.read_text()


def test_a_failure_names_its_log_and_its_recording(
    recording: tuple[Path, Bundle, int], tmp_path: Path, capsys: Capture, no_data: Path
) -> None:
    file, bundle, _ = recording
    promises = tmp_path / "budgets.toml"
    promises.write_text('[model_bytes]\nwhat = "small"\nunit = "bytes"\nat_most = 1\nremedy = "shrink it"\n')
    corpus = f"ravdess:{file.parent / 'ravdess'}"
    line = [
        "hil",
        "--bundle",
        str(bundle.directory),
        "--corpus",
        corpus,
        "--channel",
        "clean",
        "--limit",
        "2",
    ]
    out, kept = tmp_path / "out", tmp_path / "kept.rec"
    assert run([*line, "--budgets", str(promises), "--out", str(out), "--record", str(kept)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [f"log: {out / 'events.jsonl'}", f"recording: {kept}", "FAILED: model_bytes"]
    assert run(["replay", str(kept), "--bundle", str(bundle.directory)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "FAILED: model_bytes"


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "text"])
def test_a_damaged_recording_is_one_line(
    recording: tuple[Path, Bundle, int], tmp_path: Path, capsys: Capture, damage: str
) -> None:
    file, bundle, _ = recording
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 16
    bad = tmp_path / "bad.rec"
    if damage != "missing":
        bad.write_bytes({"cut": content[:-9], "flipped": content, "text": b"no recording"}[damage])
    assert run(["replay", str(bad), "--bundle", str(bundle.directory)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    lines = [line for line in told.err.splitlines() if line]
    assert len(lines) == 2
    assert lines[0].startswith("undertone: ")
    assert str(bad) in lines[0]
    assert lines[1].startswith("  remedy: ")


def test_another_bundle_is_refused_with_both_ids(
    recording: tuple[Path, Bundle, int], tmp_path: Path, capsys: Capture
) -> None:
    file, bundle, _ = recording
    other = write_bundle(tmp_path / "other", *ravdess_manifest(name="other"))
    assert run(["replay", str(file), "--bundle", str(other.directory)]) == 2
    told = capsys.readouterr().err
    assert bundle.id[:16] in told
    assert other.id[:16] in told


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(
    recording: tuple[Path, Bundle, int], tmp_path: Path, capsys: Capture
) -> None:
    file, bundle, _ = recording
    (tmp_path / "file").touch()
    corpus = f"ravdess:{file.parent / 'ravdess'}"
    line = ["hil", "--bundle", str(bundle.directory), "--corpus", corpus, "--channel", "clean"]
    assert run([*line, "--out", str(tmp_path), "--record", str(tmp_path / "file" / "x.rec")]) == 2
    assert "the recording cannot be written" in capsys.readouterr().err
