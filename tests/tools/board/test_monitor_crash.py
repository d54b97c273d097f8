"""`undertone monitor --crash` from the command line: a twin that crashed, its evidence in words and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.base.toolchain import m7_compilers
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.twin.build import build_twin
from hil.client.client import DeviceClient
from hil.devices.twin import TwinProcess
from hil.rig.observations import Segment
from tests.support.tiny_bundle import bundle, segments
from tools.cli import run

__all__ = ["bundle", "segments"]  # fixtures
Capture = pytest.CaptureFixture[str]


class Open(TwinProcess):
    """A twin whose terminal others may open."""

    @property
    def port(self) -> str:
        """Path of its pseudo-terminal."""
        return self._path


@pytest.fixture(scope="module")
def crashed(bundle: Bundle, segments: list[Segment]) -> Iterator[Open]:
    """A twin whose Edge TPU hung in the first run of a network: the watchdog ended it."""
    pytest.importorskip("unicorn")
    if not m7_compilers():
        pytest.skip("no compiler for the Cortex-M7")
    with Open(bundle.directory, ["--tpu", "0:hangs"]) as twin:
        DeviceClient(twin.link()).score_segment(segments[0].pcm)  # sent again after the restart
        yield twin


@pytest.fixture(scope="module")
def elf(bundle: Bundle) -> Path:
    return build_twin(bundle.directory).binary


def test_where_it_was_in_the_names_of_the_program(crashed: Open, elf: Path, capsys: Capture) -> None:
    assert run(["monitor", "--crash", "--port", crashed.port, "--elf", str(elf)]) == 0
    first, *more = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"watchdog in task main, \d+\.\d s after its start, at infer(#\d)?\+0x[0-9a-f]+", first
    ), first
    named = [re.fullmatch(r"  called from ([\w#]+)\+0x[0-9a-f]+", line) for line in more]
    functions = [found[1] for found in named if found]
    assert "main" in functions, "from the board's main loop down"
    assert any(name.startswith("ut_") for name in functions), functions
    assert any(line.startswith("  r0 ") for line in more)
    assert max(map(len, [first, *more])) <= 80


def test_without_the_program_addresses_stay_numbers(crashed: Open, capsys: Capture) -> None:
    assert run(["monitor", "--crash", "--port", crashed.port]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert re.search(r", at 0x[0-9a-f]{8}$", first), first


def test_as_json(crashed: Open, elf: Path, capsys: Capture) -> None:
    assert run(["monitor", "--crash", "--port", crashed.port, "--elf", str(elf), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["reason"], found["task"], found["faults"]) == ("watchdog", "main", [])
    assert found["uptime_ms"] >= 8000
    assert any(place.startswith("main+0x") for place in found["trace"])
    assert set(found["registers"]) >= {"r0", "pc", "sp", "cfsr"}


def test_a_device_that_never_crashed(bundle: Bundle, capsys: Capture) -> None:
    with Open(bundle.directory) as twin:
        assert run(["monitor", "--crash", "--port", twin.port]) == 0
    assert capsys.readouterr().out == "no crash since the power came\n"


def test_a_program_that_is_none(crashed: Open, tmp_path: Path, capsys: Capture) -> None:
    assert run(["monitor", "--crash", "--port", crashed.port, "--elf", str(tmp_path / "x.elf")]) == 2
    assert "undertone build" in capsys.readouterr().err
    (tmp_path / "y.elf").write_bytes(b"not a program")
    assert run(["monitor", "--crash", "--port", crashed.port, "--elf", str(tmp_path / "y.elf")]) == 2
