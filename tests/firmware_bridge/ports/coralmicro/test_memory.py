"""The board's memories: sums, limits, and what must stay free."""

from __future__ import annotations

from collections import Counter

import pytest

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.chip.regions import Part, Region, memory_table
from firmware_bridge.ports.coralmicro.linker_map import Section, read_map
from firmware_bridge.ports.coralmicro.memory import measure, require_room
from tests.support.linker_map import MAP

ITCM, DTCM, SDRAM = 260_096, 229_376, 33_554_432


def used(sections: list[Section] | None = None, flash_bytes: int = 0) -> dict[str, int]:
    regions = measure(read_map(MAP) if sections is None else sections, flash_bytes)
    return {region.name: region.used_bytes for region in regions}


def test_each_memory_holds_its_sections() -> None:
    assert used() == {
        "ITCM": 0x400 + 0x5000 + 0x100,  # vectors, code, and the first values of variables
        "DTCM": 0x100 + 0x9000 + 0x400,
        "DTCM, not cached": 0,
        "OCRAM": 0x2000,
        "OCRAM, shared": 0,
        "SDRAM": 0x100000,
        "on-chip total": 0x5500 + 0x9500 + 0x2000,
    }


def test_variables_that_are_only_cleared_have_no_copy_in_itcm() -> None:
    """The map names a load address for them all the same."""
    plain = Section(".bss", 0x20008000, 5000, loaded_at=0x5C00)
    copied = Section(".data", 0x20008000, 5000, loaded_at=0x5C00)
    assert used([plain])["ITCM"] == 0
    assert used([copied])["ITCM"] == 5000


def test_texts_that_several_libraries_share_are_counted_once() -> None:
    """The map lists them with each library; the section's own size is what the memory holds."""
    shared = Section(".text", 0xC00, 1000, owners=Counter({"lwip": 900, "undertone": 150}))
    assert used([shared])["ITCM"] == 1000
    itcm = measure([shared])[0]
    assert {part.name: part.bytes for part in itcm.parts} == {"lwip": 850, "undertone": 150}


def test_the_heap_is_not_counted_as_used() -> None:
    assert used([Section(".heap", 0x80000000, 1 << 24)])["SDRAM"] == 0


def test_debugging_information_is_not_loaded() -> None:
    assert set(used([Section(".debug_info", 0, 10**9)]).values()) == {0}


def test_files_on_flash_are_listed_when_there_are_any() -> None:
    assert "littlefs" not in used()
    assert used(flash_bytes=700_000)["littlefs"] == 700_000


def test_a_section_outside_all_memories_is_an_error() -> None:
    with pytest.raises(CheckFailed, match=r"\.ocram_bss .*none of the board's memories"):
        measure([Section(".ocram_bss", 0x20300000, 64)])


@pytest.mark.parametrize(("name", "size", "address"), [("ITCM", ITCM, 0x800), ("DTCM", DTCM, 0x20008000)])
def test_a_tenth_of_the_tightly_coupled_memories_stays_free(name: str, size: int, address: int) -> None:
    most = size * 9 // 10
    require_room(measure([Section(".x", address, most)]))
    with pytest.raises(CheckFailed, match=f"{name} holds .*10% must stay free"):
        require_room(measure([Section(".x", address, most + 1)]))


def test_the_other_memories_may_be_full() -> None:
    require_room(measure([Section(".sdram_bss", 0x81000000, SDRAM)]))
    with pytest.raises(CheckFailed, match="SDRAM"):
        require_room(measure([Section(".sdram_bss", 0x81000000, SDRAM + 1)]))


def test_the_whole_of_the_chip_has_a_limit_of_its_own() -> None:
    (total,) = [region for region in measure([]) if region.name == "on-chip total"]
    assert total.limit_bytes == 1_835_008
    with pytest.raises(CheckFailed, match="on-chip total"):
        require_room([Region("on-chip total", 1_835_008, (Part("all", 1_835_009),))])


def test_the_message_names_who_takes_most_and_what_is_ours() -> None:
    section = Section(".text", 0xC00, ITCM - 0x400, owners=Counter({"tpu": 200_000, "undertone": 30_000}))
    with pytest.raises(CheckFailed) as caught:
        require_room(measure([section]))
    assert "tpu takes 200,000" in caught.value.what
    assert "30,000" in caught.value.remedy and "UT_SDRAM" in caught.value.remedy


def test_the_table_shows_every_memory() -> None:
    regions = measure(read_map(MAP), 1000)
    lines = memory_table(regions, "undertone").splitlines()
    assert [line.split("  ")[0] for line in lines if line[0] != " "] == [region.name for region in regions]
    itcm = next(line for line in lines if line.startswith("ITCM"))
    assert "21,760 of    260,096 bytes    8.4%" in itcm and "undertone 13,312" in itcm
    assert all(line == line.rstrip() for line in lines)


def test_what_no_library_owns_is_counted_all_the_same() -> None:
    (itcm, *_) = measure([Section(".text", 0x800, 100, owners=Counter({"tpu": 60}))])
    assert itcm.parts == (Part("tpu", 60), Part("unnamed", 40))
