"""The firmware is built once per content, fits the chip, and says how well."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base import toolchain
from firmware_bridge.base.errors import CheckFailed, EnvironmentLacking
from firmware_bridge.base.toolchain import Compiler, m7_compiler
from firmware_bridge.chip.facts import FACTS, read_facts
from firmware_bridge.chip.regions import Part, Region, on_chip_bytes
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.sources import CORE
from firmware_bridge.ports.twin import build
from firmware_bridge.ports.twin.build import Firmware, build_twin, link
from firmware_bridge.ports.twin.elf import Image, Section, Symbol, read_elf
from firmware_bridge.ports.twin.memory import MEMORIES, check_limits, memory_use
from firmware_bridge.ports.twin.registers import BOARD, HEADER
from firmware_bridge.ports.twin.report import memory_report
from tests.support.twin_talk import SLOT_BYTES

# The vectors name a handler for faults and one for the watchdog.
EMPTY = """int main(void);
void board_fault(void);
void board_watchdog(void);
int main(void) { return 0; }
void board_fault(void) {}
void board_watchdog(void) {}
"""


def built(tmp_path: Path, compiler: Compiler, text: str, flags: Sequence[str] = ()) -> Firmware:
    source = tmp_path / "main.c"
    source.write_text(text)
    board = [build.HERE / name for name in ("startup.c", "runtime.c")]
    return link([source, *board], flags=flags, out_dir=tmp_path, compiler=compiler)


def test_the_firmware_fits_with_room_to_spare(firmware: Firmware) -> None:
    used = {region.name: region.used_bytes for region in firmware.regions}
    assert list(used) == ["ITCM", "DTCM", "OCRAM", "SDRAM"]
    # The board's SDK takes 172 KB of ITCM and 99 KB of DTCM for itself.
    assert used["ITCM"] < 60_000
    assert used["DTCM"] < 60_000
    assert on_chip_bytes(firmware.regions) == used["ITCM"] + used["DTCM"] + used["OCRAM"] < CHIP.on_chip_bytes
    assert all(region.used_bytes <= region.limit_bytes for region in firmware.regions)


def test_regions_account_for_all_sections(firmware: Firmware) -> None:
    sections = firmware.image.sections
    assert sum(region.used_bytes for region in firmware.regions) == sum(s.size for s in sections) + sum(
        s.size for s in sections if s.initialised and s.address >= 0x2000_0000
    )
    dtcm = next(region for region in firmware.regions if region.name == "DTCM")
    assert dtcm.parts[0] == Part(".stack", 16384)
    assert dtcm.largest[0].name == "device"
    assert [part.bytes for part in dtcm.largest] == sorted((p.bytes for p in dtcm.largest), reverse=True)


def test_the_stack_lies_lowest_and_code_is_where_the_chip_looks(firmware: Firmware) -> None:
    where = {section.name: section.address for section in firmware.image.sections}
    assert where[".stack"] == 0x2000_0000
    assert where[".vectors"] == 0x800
    assert firmware.image.segments[0].address == 0x800
    assert firmware.image.symbols["board_start"].kind == "STT_FUNC"


def test_no_double_precision_is_computed(firmware: Firmware) -> None:
    """The emulated M7 has no such unit; the compiler's stand-ins would show."""
    soft = [name for name in firmware.image.symbols if name.startswith(("__aeabi_d", "__adddf", "__muldf"))]
    assert soft == []


def test_the_core_is_the_same_files(firmware: Firmware) -> None:
    """What scores, frames and updates is the core's: nothing of it is the twin's own."""
    names = set(firmware.image.symbols)
    assert {"ut_device_start", "ut_device_receive", "ut_serve", "ut_push", "ut_scale", "ut_fuse"} <= names
    own = (build.HERE / "main.c").read_text() + (build.HERE / "board_port.c").read_text()
    assert "ut_fuse" not in own
    assert "crc" not in own


def test_built_once_per_content(bundle: Bundle, compiler: Compiler, tmp_path: Path) -> None:
    first = built(tmp_path, compiler, EMPTY)
    stamp = first.binary.stat().st_mtime_ns
    assert built(tmp_path, compiler, EMPTY).binary.stat().st_mtime_ns == stamp
    assert built(tmp_path, compiler, EMPTY + "/* another */\n").binary != first.binary
    assert built(tmp_path, compiler, EMPTY, ["-DX"]).binary != first.binary
    assert built(tmp_path, replace(compiler, version="next"), EMPTY).binary != first.binary
    assert first.build_dir == tmp_path
    assert first.compiler == compiler.name
    assert build_twin(bundle.directory, tmp_path, compiler).binary.parent == tmp_path


def test_a_compilers_error_is_one_line(tmp_path: Path, compiler: Compiler) -> None:
    with pytest.raises(EnvironmentLacking, match=r"Cortex-M7 build failed: .*error: .*nonsense") as caught:
        built(tmp_path, compiler, "int main(void) { return nonsense; }\n")
    assert "\n" not in caught.value.what
    assert not list(tmp_path.glob("*.elf"))


def test_warnings_are_errors(tmp_path: Path, compiler: Compiler) -> None:
    with pytest.raises(EnvironmentLacking, match=r"unused|prototype|conversion"):
        built(tmp_path, compiler, EMPTY + "static int unused(void) { return 0; }\n")


def test_no_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentLacking, match="no compiler for the Cortex-M7") as caught:
        m7_compiler()
    assert "make setup" in caught.value.remedy


def test_a_compiler_that_cannot_run_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = Compiler("none", ("false",), ())

    def nothing(*_: Any, **__: Any) -> Any:
        return subprocess.CompletedProcess([], 1, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", nothing)
    with pytest.raises(EnvironmentLacking, match="no message"):
        built(tmp_path, silent, EMPTY)


def too_large(name: str, size: int) -> tuple[Region, ...]:
    return tuple(one.filled([Part("buffer", size)]) if one.name == name else one for one in MEMORIES)


def test_what_does_not_fit_is_refused_with_its_largest_parts() -> None:
    check_limits(too_large("OCRAM", 1_310_720))
    dtcm = replace(too_large("DTCM", 262_145)[1], largest=(Part("device", 9),))
    with pytest.raises(CheckFailed, match="DTCM holds 262,144 bytes, the firmware takes 262,145") as caught:
        check_limits((MEMORIES[0], dtcm))
    assert "device 9" in caught.value.remedy
    whole = replace(MEMORIES[2], limit_bytes=2**30)
    check_limits((whole.filled([Part("buffer", 1_835_008)]),))
    with pytest.raises(CheckFailed, match="on-chip total holds 1,835,008"):
        check_limits((whole.filled([Part("buffer", 1_835_009)]),))


def test_a_build_says_what_it_measured(firmware: Firmware, bundle: Bundle) -> None:
    facts = read_facts(firmware.build_dir / FACTS)
    assert (facts.port, facts.frontend) == ("twin", bundle.manifest.table_hash)
    assert facts.regions == firmware.regions
    assert facts.on_chip_bytes == on_chip_bytes(firmware.regions)
    assert facts.compiler.startswith(firmware.compiler)
    assert facts.current


def test_initial_values_cost_twice() -> None:
    sections = (Section(".text", 0x800, 100, True), Section(".data", 0x2000_0000, 12, True))
    image = Image(
        (), (*sections, Section(".bss", 0x2000_0010, 50, False)), {"x": Symbol(0x2000_0000, 12, "")}
    )
    itcm, dtcm, *_ = memory_use(image)
    assert (itcm.used_bytes, dtcm.used_bytes) == (112, 62)
    assert itcm.parts[1] == Part(".data (initial values)", 12)
    assert dtcm.largest == (Part("x", 12),)


def test_the_report_names_every_memory(firmware: Firmware) -> None:
    text = memory_report(firmware)
    for region in firmware.regions:
        assert f"{region.used_bytes:>12,} of" in text
    assert "on-chip total" in text
    assert "1,835,008" in text
    assert firmware.compiler in text


def test_a_file_that_is_no_elf_image(tmp_path: Path) -> None:
    (tmp_path / "x.elf").write_bytes(b"\x7fELF then nothing of use")
    with pytest.raises(EnvironmentLacking, match=r"x\.elf is no ELF image"):
        read_elf(tmp_path / "x.elf")


def test_registers_are_words_and_none_is_there_twice() -> None:
    text = HEADER.read_text()
    assert BOARD["REGISTERS"] == 0x4000_0000
    assert BOARD["SLOT_BYTES"] == 4 * 1024 * 1024 > SLOT_BYTES
    offsets = [
        BOARD[name]
        for line in text.splitlines()
        if line.startswith("#define BOARD_") and ("/* read" in line or "/* write" in line)
        for name in [line.split()[1].removeprefix("BOARD_")]
    ]
    assert len(offsets) > 30
    assert len(set(offsets)) == len(offsets)
    assert all(offset % 4 == 0 and offset < 0x1000 for offset in offsets)


def test_the_board_code_passes_cppcheck() -> None:
    tool = shutil.which("cppcheck")
    if tool is None:
        pytest.skip("cppcheck is not installed")
    folders = [f"-I{folder}" for folder in (build.HERE, CORE)]
    line = [
        tool,
        "--std=c99",
        "--quiet",
        "--error-exitcode=1",
        "--enable=warning,style,performance,portability",
    ]
    line += ["--suppress=missingIncludeSystem", *folders, *map(str, sorted(build.HERE.glob("*.c")))]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_functions_of_one_name_are_told_apart(firmware: Firmware) -> None:
    """Static functions of several files share names; a crash in the second one must be named as well."""
    infers = [one for name, one in firmware.image.functions.items() if name.split("#")[0] == "infer"]
    assert len({one.address for one in infers}) == len(infers)
    spans = sorted(
        (one.address, one.address + one.size) for one in firmware.image.functions.values() if one.size
    )
    for address, end in spans:
        assert not firmware.image.locate((address + end) // 2).startswith("0x")
    code = next(one for one in firmware.image.sections if one.name == ".text")
    named = sum(end - address for address, end in set(spans))
    assert named > 0.97 * code.size, "what lies between functions is filling"
