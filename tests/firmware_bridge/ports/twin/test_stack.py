"""A stack that is too small on the twin: the evidence says so, the device starts anew and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.ports.twin.build import BOARD_SOURCES, HERE, Compiler, Firmware, link
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.machine import Machine
from firmware_bridge.protocol import TABLE
from tests.support.twin_talk import SLOT_BYTES, messages, noise, segment, wire
from tools.board.crash import crash_lines, crash_record

DEEP = Path(__file__).parent / "deep.c"


@pytest.fixture(scope="session")
def deep(bundle: Bundle, compiler: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """The whole firmware, with a function that never stops calling itself."""
    made = write_sources(bundle.manifest, tmp_path_factory.mktemp("deep"))
    own = [DEEP, *(HERE / name for name in (*BOARD_SOURCES, "main.c"))]
    flags = [*size_flags(bundle.manifest.frontend), "-Wl,--wrap=ut_device_poll"]
    return link([*core_sources(made), *own], include_folders(made), flags, compiler=compiler)


def overflowed(deep: Firmware, image: bytes) -> Twin:
    """Return a twin right after a request in whose course the stack ran out."""
    twin = Twin(deep, Flash(SLOT_BYTES, [image]), recovers=True)
    twin.boot()
    twin.machine.write(deep.image.symbols["go_deep"].address, (1).to_bytes(4, "little"))
    twin.receive(wire("hello", 1, session=1))
    return twin


def test_an_overflowing_task_is_named_and_the_device_answers_again(deep: Firmware, image: bytes) -> None:
    twin = overflowed(deep, image)
    identity, crash = messages(twin.receive(wire("hello", 2, session=2) + wire("get_crash", 3)))
    assert identity.reset_reason == TABLE.reset_reasons["fault"]
    assert identity.troubles == TABLE.troubles["crash_kept"]
    record = crash_record(crash, deep.image)
    assert record is not None and record["task"] == "main"
    assert record["faults"][-1] == "the task's stack was too small"
    assert record["registers"]["sp"] < 0x2000_0000, "where the stack pointer was: below the memory"
    assert record["at"] == "a place that is lost"
    assert record["trace"] and all(place.startswith("deeper+0x") for place in record["trace"])
    assert "the task's stack was too small" in "\n".join(crash_lines(record))
    stats = messages(twin.receive(wire("get_stats", 4)))[0]
    assert (stats.restarts, stats.faults) == (1, 1)
    assert messages(b"".join(map(twin.receive, segment(7, noise(8000, 1)))))[-1].name == "result"


def test_it_eats_no_variable(deep: Firmware, image: bytes) -> None:
    """The evidence lies in RAM as well; what is kept there is whole."""
    twin = overflowed(deep, image)
    twin.machine.write(deep.image.symbols["go_deep"].address, (1).to_bytes(4, "little"))
    twin.receive(wire("hello", 2, session=2))
    assert messages(twin.receive(wire("get_stats", 3)))[0].faults == 2


def test_without_priorities_of_their_own_faults_lock_the_processor_up(
    deep: Firmware, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it was before the start-up enabled them: a reset, counted, and no word of where."""
    monkeypatch.setattr(Machine, "_set_system", lambda *_: 0)
    twin = overflowed(deep, image)
    crash, stats = messages(twin.receive(wire("get_crash", 2) + wire("get_stats", 3)))
    assert crash.reason == TABLE.reset_reasons["unknown"]
    assert (stats.faults, stats.reset_reason) == (1, TABLE.reset_reasons["fault"])
