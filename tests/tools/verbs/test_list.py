"""`undertone list`: what is there, what is missing, what is damaged."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.microfrontend import PRESETS
from tools.board.usb import State, UsbBoard
from tools.cli import run
from tools.health.system import Port, System
from tools.verbs import list_things
from train.corpora import READERS

Capture = pytest.CaptureFixture[str]


def entry(entries: list[dict[str, object]], name: str) -> dict[str, object]:
    return next(one for one in entries if one["name"] == name)


def test_everything_is_listed_as_json(
    monkeypatch: pytest.MonkeyPatch, no_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setattr(list_things, "BUNDLES", tmp_path / "none")
    assert run(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == sorted(list_things.KINDS)
    assert {one["name"] for one in found["corpora"]} == set(READERS)
    assert {one["name"] for one in found["presets"]} == set(PRESETS)
    assert {"trunk", "scratch"} <= {one["name"] for one in found["recipes"]}
    assert found["bundles"] == []
    assert "host" in {one["name"] for one in found["devices"]}


def test_kinds_can_be_chosen_and_wrong_ones_are_answered(capsys: Capture) -> None:
    assert run(["list", "recipes", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["recipes"]
    assert run(["list", "birds"]) == 2
    assert "bundles, corpora, devices, parts, presets, recipes" in capsys.readouterr().err


def test_every_part_that_a_recipe_may_name() -> None:
    found = {(one["kind"], one["name"]) for one in list_things.parts()}
    assert {("teacher", "regression"), ("feature", "encoder"), ("objective", "ccc")} <= found
    assert {("augmentation", "rerecorded"), ("student", "trunk"), ("protocol", "speaker-folds")} <= found
    assert all(len(one["summary"]) < 80 for one in list_things.parts())


def test_a_corpus_that_is_there(ravdess: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(ravdess.parent))
    found = entry(list_things.corpora(), "ravdess")
    assert found["state"] == "found"
    assert (found["clips"], found["speakers"], found["commercial"]) == (48, 6, False)
    assert found["folder"] == str(ravdess)


def test_a_corpus_that_is_not_there(no_data: Path) -> None:
    found = entry(list_things.corpora(), "ravdess")
    assert (found["state"], found["folder"], found["licence"]) == ("missing", None, None)


def test_a_corpus_that_cannot_be_used(
    tmp_path: Path, make_ravdess: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_ravdess(tmp_path / "ravdess", actors=(1,))
    monkeypatch.setenv("UNDERTONE_DATA", str(tmp_path))
    found = entry(list_things.corpora(), "ravdess")
    assert found["state"] == "unusable"
    assert "one speaker" in str(found["why"])


def test_listing_makes_no_synthetic_speech(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dataclasses import replace

    absent = tmp_path / "synthetic"
    monkeypatch.setitem(READERS, "synthetic", replace(READERS["synthetic"], default=absent))
    assert entry(list_things.corpora(), "synthetic")["state"] == "made on first use"
    assert not absent.exists()


def test_bundles_whole_and_damaged(make_bundle: Callable[..., Bundle], tmp_path: Path) -> None:
    whole = make_bundle(
        "whole", figures={"student_int8_uar": {"value": 61.5, "unit": "%", "evidence": "simulated"}}
    )
    (make_bundle("hurt").directory / "acoustic.tflite").write_bytes(b"no")
    os.utime(whole.directory / "manifest.json", (1, 1))
    os.utime(whole.directory, (1, 1))
    found = list_things.bundles(tmp_path)
    assert [Path(str(one["folder"])).name for one in found] == ["hurt", "whole"]
    assert {Path(str(one["folder"])).name: one["state"] for one in found} == {
        "whole": "whole",
        "hurt": "damaged",
    }
    one = next(one for one in found if one["state"] == "whole")
    assert (one["id"], one["uar"], one["commercial"]) == (whole.id, 61.5, False)


def test_boards_and_ports_are_listed_with_their_states(monkeypatch: pytest.MonkeyPatch) -> None:
    boards = [
        UsbBoard(State.RUNNING, "18d1:9308", "1-1", "24CD", ("/dev/ttyACM0",)),
        UsbBoard(State.ROM, "1fc9:013d", "1-2"),
    ]
    ports = [
        Port("/dev/ttyACM0", "18d1:9308", serial="24CD"),
        Port("/dev/ttyUSB0", "0403:6001", what="FT232R"),
    ]
    monkeypatch.setattr(System, "boards", lambda self: boards)
    monkeypatch.setattr(System, "ports", lambda self: ports)
    found = list_things.devices()
    assert "its application runs" in str(entry(found, "USB 24CD")["what"])
    assert "ROM loader" in str(entry(found, "USB 1-2")["what"])
    assert entry(found, "USB 24CD")["board"]["ports"] == ("/dev/ttyACM0",)  # type: ignore[index]
    assert "one way only" in str(entry(found, "board:/dev/ttyACM0")["what"])
    assert "FT232R" in str(entry(found, "board:/dev/ttyUSB0")["what"])


def test_people_get_tables(
    make_bundle: Callable[..., Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    bundle = make_bundle()
    monkeypatch.setattr(list_things, "BUNDLES", tmp_path)
    assert run(["list", "bundles", "presets"]) == 0
    told = capsys.readouterr().out
    assert bundle.id[:12] in told
    assert bundle.id not in told
    assert "micro_speech" in told
    (bundle.directory / "extra").write_text("x")
    assert run(["list", "bundles"]) == 0
    assert "missing or extra files" in capsys.readouterr().out
    monkeypatch.setattr(list_things, "BUNDLES", tmp_path / "none")
    assert run(["list", "bundles"]) == 0
    assert capsys.readouterr().out == "bundles: none\n"


def test_people_see_what_is_at_hand_and_one_line_of_what_is_not(
    ravdess: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("UNDERTONE_DATA", str(ravdess.parent))
    assert run(["list", "corpora"]) == 0
    told = capsys.readouterr().out
    (absent,) = [line for line in told.splitlines() if line.startswith("not at hand: ")]
    assert "iemocap" in absent
    assert "ravdess" not in absent
    assert [line for line in told.splitlines() if line.strip().startswith("ravdess ")]
