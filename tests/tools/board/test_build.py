"""`undertone build`: every port, its memories against their limits, and what the next step needs to know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import CheckFailed, EnvironmentLacking
from firmware_bridge.base.files import sha256_file
from firmware_bridge.chip.facts import read_facts
from firmware_bridge.chip.regions import Part, Region
from firmware_bridge.contract.bundle import Bundle
from tools.board.firmware import read_firmware
from tools.cli import run
from tools.verbs import build

Capture = pytest.CaptureFixture[str]


def region(name: str, used: int, limit: int, on_chip: bool = True) -> Region:
    return Region(name, limit, (Part("all", used),), on_chip=on_chip)


@dataclass(frozen=True)
class Built:
    binary: Path
    build_dir: Path
    regions: tuple[Region, ...]
    compiler: str = "arm-none-eabi-gcc 9.3.1"


BOARD = (
    region("ITCM", 205_476, 260_096),
    region("DTCM", 213_767, 229_376),
    region("OCRAM", 86_182, 524_288),
    region("SDRAM", 5_000_000, 33_554_432, on_chip=False),
)


@pytest.fixture
def board_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The board's build is replaced; what it was called with, and what it shall return."""
    seen: dict[str, Any] = {"regions": BOARD}
    elf = tmp_path / "undertone"
    elf.write_bytes(b"\x7fELF")

    def stand_in(port: str, bundle_dir: Path, out: Path, sdk_dir: Path | None) -> Built:
        seen.update(port=port, bundle_dir=bundle_dir, out=out, sdk_dir=sdk_dir)
        if "error" in seen:
            raise seen["error"]
        return Built(elf, tmp_path, seen["regions"])

    monkeypatch.setattr(build, "build_port", stand_in)
    return seen


def call(capsys: Capture, *options: str) -> tuple[int, dict[str, Any]]:
    status = run(["build", "--json", *options])
    return status, json.loads(capsys.readouterr().out)


class TestPorts:
    @pytest.mark.parametrize("port", ["host", "twin"])
    def test_a_real_build(self, port: str, tiny_bundle: Bundle, tmp_path: Path, capsys: Capture) -> None:
        out = tmp_path / port
        status, found = call(
            capsys, "--port", port, "--bundle", str(tiny_bundle.directory), "--out", str(out)
        )
        assert status == 0
        assert (found["port"], found["bundle"], found["fits"]) == (port, tiny_bundle.id, True)
        assert sha256_file(Path(found["file"])) == found["sha256"]
        assert Path(found["file"]).is_relative_to(out)
        assert found["compiler"]
        assert all(one["used"]["evidence"] == "measured" for one in found["memory"])
        names = [one["name"] for one in found["memory"]]
        assert ("on-chip total" in names) is (port == "twin")
        assert json.loads((out / "firmware.json").read_text())["sha256"] == found["sha256"]
        facts = read_facts(out / "facts.json")
        assert (facts.port, facts.on_chip_bytes is not None) == (port, port == "twin")
        assert [one.frontend for one in facts.instructions] == [tiny_bundle.manifest.table_hash] * (
            port == "twin"
        )

    def test_the_board(
        self, board_build: dict[str, Any], tiny_bundle: Bundle, sdk: Any, tmp_path: Path, capsys: Capture
    ) -> None:
        out = tmp_path / "out"
        line = ["--port", "coralmicro", "--bundle", str(tiny_bundle.directory), "--out", str(out)]
        status, found = call(capsys, *line)
        assert status == 0
        assert board_build["port"] == "coralmicro"
        assert (board_build["sdk_dir"], board_build["out"]) == (sdk.folder, out)
        assert found["compiler"] == "arm-none-eabi-gcc 9.3.1"
        assert read_firmware(out, tiny_bundle.id).file == tmp_path / "undertone"

    def test_the_board_needs_its_sdk(
        self,
        board_build: dict[str, Any],
        tiny_bundle: Bundle,
        capsys: Capture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.delenv("CORALMICRO_DIR", raising=False)
        status, found = call(capsys, "--port", "coralmicro", "--bundle", str(tiny_bundle.directory))
        assert status == 2
        assert "CORALMICRO_DIR" in found["what"]
        assert "git clone" in found["remedy"]
        assert "port" not in board_build

    def test_an_unknown_port(self, tiny_bundle: Bundle, capsys: Capture) -> None:
        status, found = call(capsys, "--port", "toaster", "--bundle", str(tiny_bundle.directory))
        assert (status, found["error"]) == (2, "UnknownName")
        assert "coralmicro, host, twin" in found["remedy"]

    def test_no_bundle(self, tmp_path: Path, capsys: Capture) -> None:
        status, found = call(capsys, "--bundle", str(tmp_path))
        assert (status, found["error"]) == (2, "BundleInvalid")

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (EnvironmentLacking("the Cortex-M7 build failed: x.c:3: error", "mend it"), 2),
            (CheckFailed("DTCM holds 1, the firmware takes 2", "make it smaller"), 1),
        ],
    )
    def test_a_build_that_fails_leaves_nothing(
        self,
        board_build: dict[str, Any],
        tiny_bundle: Bundle,
        tmp_path: Path,
        capsys: Capture,
        error: Exception,
        status: int,
    ) -> None:
        board_build["error"] = error
        out = tmp_path / "out"
        found = call(capsys, "--port", "twin", "--bundle", str(tiny_bundle.directory), "--out", str(out))
        assert found[0] == status
        assert not (out / "firmware.json").exists()


class TestMemories:
    def test_the_chips_own_are_summed_up(self) -> None:
        total = build.with_total(BOARD)[-1]
        assert (total.name, total.used_bytes) == ("on-chip total", 205_476 + 213_767 + 86_182)
        assert total.limit_bytes == 1_835_008
        assert build.with_total(BOARD[3:]) == BOARD[3:], "a process has no chip"

    def test_a_port_that_has_summed_them_up_is_believed(self) -> None:
        """The board's linker script parts its memories further than these names say."""
        theirs = (*BOARD, region("on-chip total", 500_000, 1_835_008, on_chip=False))
        assert [row.used_bytes for row in build.with_total(theirs) if "total" in row.name] == [500_000]

    @pytest.mark.parametrize(
        ("used", "limit", "cells"),
        [
            (50, 100, ("50", "100", "50.0 %", "")),
            (90, 100, ("90", "100", "10.0 %", "")),
            (91, 100, ("91", "100", "9.0 %", "less than 10% free")),
            (1_000_001, 1_000_000, ("1,000,001", "1,000,000", "-0.0 %", "does not fit")),
            (5, 0, ("5", "-", "-", "no limit in a process")),
        ],
    )
    def test_each_is_told_with_what_is_left(self, used: int, limit: int, cells: tuple[str, ...]) -> None:
        assert build.describe_row(region("ITCM", used, limit)) == (
            "ITCM",
            *cells,
        )

    def test_one_that_does_not_fit_fails(
        self, board_build: dict[str, Any], tiny_bundle: Bundle, tmp_path: Path, capsys: Capture
    ) -> None:
        board_build["regions"] = (region("ITCM", 300_000, 260_096),)
        line = ["--port", "twin", "--bundle", str(tiny_bundle.directory), "--out", str(tmp_path / "out")]
        status, found = call(capsys, *line)
        assert (status, found["fits"]) == (1, False)

    def test_people_get_a_table(
        self, board_build: dict[str, Any], tiny_bundle: Bundle, tmp_path: Path, capsys: Capture
    ) -> None:
        line = ["--port", "twin", "--bundle", str(tiny_bundle.directory), "--out", str(tmp_path / "out")]
        assert run(["build", *line]) == 0
        told = capsys.readouterr().out
        assert "measured" in told.splitlines()[0]
        assert "less than 10% free" in next(line for line in told.splitlines() if line.startswith(" DTCM  "))
        assert max(len(line.rstrip()) for line in told.splitlines() if "/" not in line) <= 80
