"""One table of the chip: consistent, rendered for C and the linker, and the only place that knows an address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.paths import ROOT
from firmware_bridge.chip.render import render_header, render_memory_script, write_chip
from firmware_bridge.chip.rt1176 import CHIP, TABLE_FILE, parse_chip

TEXT = TABLE_FILE.read_text()
# Numbers that only the table may say: addresses and sizes of memories, the clock.
OWN_NUMBERS = {
    0x800,
    *(region.address for region in CHIP.memories.values() if region.address > 0x1_0000),
    *(region.address for regions in CHIP.regions.values() for region in regions if region.address > 0x1_0000),
    *(region.limit_bytes for region in CHIP.memories.values()),
    *(CHIP.places[name].address for name in CHIP.places),
    CHIP.m7_hz,
    CHIP.on_chip_bytes,
} - {0x800, 262_144, 0x4000_0000, 0x8000_0000}  # also bit masks, or the size of any buffer
_NUMBER = re.compile(r"\b0x[0-9A-Fa-f_]+|\b[0-9][0-9_]{5,}\b")


def test_the_processors_memories_are_the_1_8_megabytes() -> None:
    assert CHIP.on_chip_bytes == 2 * 256 * 1024 + 1280 * 1024 == 1_835_008
    assert CHIP.memories["ITCM"].address == 0x800, "the first 2 KB are the boot ROM's"
    assert CHIP.memories["ITCM"].end == 0x4_0000
    assert [one.name for one in CHIP.memories.values() if one.on_chip] == ["ITCM", "DTCM", "OCRAM"]


def test_each_port_divides_the_same_memories() -> None:
    for port in ("twin", "board"):
        for region in CHIP.divided(port):
            assert CHIP.memories[region.memory].holds(region.address, region.limit_bytes)
    with pytest.raises(UnknownName, match="toaster"):
        CHIP.divided("toaster")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("address = 0x2000_8000", "address = 0x2000_4000", "'DTCM, not cached' and 'DTCM' of board overlap"),
        ("bytes = 0x300_0000", "bytes = 0x500_0000", "'SDRAM' of twin does not lie in SDRAM"),
        ('memory = "ITCM"', 'memory = "FLASH"', "unknown memory 'FLASH'"),
        ("address = 0x2033_8000", "address = 0x2027_0000", "`retained` lies in a region of the board"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(InvalidSetting, match=re.escape(words)):
        parse_chip(TEXT.replace(old, new, 1))


def test_no_other_file_repeats_its_numbers() -> None:
    """The four truths of before: twin, board, reports and build each had their own."""
    rooms = ("firmware_bridge", "hil", "tools")
    files = [
        file
        for room in rooms
        for suffix in ("py", "c", "h", "cc", "ld", "txt")
        for file in (ROOT / room).rglob(f"*.{suffix}")
        if (file.parent.name != "chip" or "hil" in file.parts) and file.parent.name != "made"
    ]
    assert len(files) > 200
    repeated = [
        f"{file.relative_to(ROOT)}: {number}"
        for file in files
        for number in _NUMBER.findall(file.read_text())
        if int(number.replace("_", ""), 0) in OWN_NUMBERS
    ]
    assert repeated == []


def test_the_header_compiles_and_says_the_same(tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    write_chip(tmp_path)
    checks = {
        "UT_M7_HZ": CHIP.m7_hz,
        "UT_PLACE_RETAINED": CHIP.places["retained"].address,
        "UT_BOARD_ITCM_LOW": 0x800,
        "UT_BOARD_ITCM_HIGH": 0x4_0000,
        "UT_BOARD_DTCM_NOT_CACHED_HIGH": 0x2000_8000,
    }
    lines = [
        f"typedef char check_{i}[{name} == {value}u ? 1 : -1];"
        for i, (name, value) in enumerate(checks.items())
    ]
    (tmp_path / "x.c").write_text('#include "rt1176.h"\n' + "\n".join(lines) + "\n")
    line = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "x.c"]
    subprocess.run(line, cwd=tmp_path, check=True)


def test_a_changed_table_changes_what_is_rendered() -> None:
    other = parse_chip(
        TEXT.replace("m7_hz = 792_000_000", "m7_hz = 996_000_000").replace("0x300_0000", "0x200_0000")
    )
    assert "#define UT_M7_HZ 996000000u" in render_header(other)
    assert "LENGTH = 0x2000000" in render_memory_script("twin", other)
    assert render_header(other) != render_header()


def test_what_did_not_change_keeps_its_time_stamp(tmp_path: Path) -> None:
    write_chip(tmp_path, "twin", "SECTIONS {}")
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    write_chip(tmp_path, "twin", "SECTIONS {}")
    assert set(before) == {"rt1176.h", "firmware.ld"}
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before


def test_the_boards_regions_are_its_sdks() -> None:
    """Where the SDK is at hand: its linker script, with the heap's and the shared memory's default sizes."""
    folder = os.environ.get("CORALMICRO_DIR", "")
    if not folder:
        pytest.skip("CORALMICRO_DIR names no SDK")
    script = Path(folder) / "libs" / "nxp" / "rt1176-sdk" / "MIMXRT1176xxxxx_cm7_ram.ld"
    text = script.read_text()
    sizes = {
        name: int(number, 0)
        for name, number in re.findall(r"^(\w+_SIZE)\s*=.*?(0x[0-9A-Fa-f]+)(?: : 0)?;", text, re.M)
    }
    found = {}
    for name, origin, length in re.findall(
        r"^\s+(\w+)\s+\(\w+\)\s*: ORIGIN = (.+), LENGTH = (.+)$", text, re.M
    ):
        terms = [[sum_of(part, sizes) for part in (origin, length)]]
        found[name] = terms[0]
    ours = {region.name: [region.address, region.limit_bytes] for region in CHIP.divided("board")}
    assert ours["DTCM"] == found["m_data"]
    assert ours["DTCM, not cached"] == found["m_ncache"]
    assert ours["OCRAM"] == found["m_ocram"]
    assert ours["OCRAM, shared"] == found["rpmsg_sh_mem"]
    assert ours["SDRAM"] == found["m_sdram"]
    low, high = found["m_interrupts"], found["m_text"]
    assert ours["ITCM"] == [low[0], low[1] + high[1]]


def sum_of(text: str, sizes: dict[str, int]) -> int:
    """Return the value of `A + B` or `A - B` of numbers and names."""
    total, sign = 0, 1
    for word in text.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            total += sign * (sizes[word] if word in sizes else int(word, 0))
    return total
