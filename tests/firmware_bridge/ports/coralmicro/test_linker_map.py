"""What is read from a linker's map."""

from __future__ import annotations

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.coralmicro.linker_map import Section, holds_function, read_map
from tests.support.linker_map import MAP


def section(name: str) -> Section:
    return next(one for one in read_map(MAP) if one.name == name)


def test_sections_in_order_without_the_empty_ones() -> None:
    names = [one.name for one in read_map(MAP)]
    assert names == [
        ".interrupts",
        ".tensorflow",
        ".text",
        ".data",
        ".bss",
        ".sdram_bss",
        ".heap",
        ".stack",
        ".debug_info",
    ]


def test_addresses_sizes_and_where_first_contents_wait() -> None:
    data = section(".data")
    assert (data.address, data.bytes, data.loaded_at) == (0x20008000, 0x100, 0x5C00)
    assert section(".text").loaded_at is None


def test_owners_are_libraries_and_build_folders() -> None:
    assert section(".text").owners == {"undertone": 0x3400, "g_nano": 0x1C00}
    assert section(".interrupts").owners == {"nxp_sdk": 0x400}
    assert section(".data").owners == {"usb_host_task_freertos": 0x100}


def test_a_long_name_has_its_numbers_on_the_next_line() -> None:
    assert section(".tensorflow").owners["tensorflow-m7"] == 0x1F00


def test_padding_has_no_owner() -> None:
    assert section(".tensorflow").owners["padding"] == 0x100


def test_the_first_file_after_a_pattern_of_the_script_is_counted() -> None:
    """The script's own lines stand between; they must not be taken for a section's name."""
    assert section(".sdram_bss").owners == {"undertone": 0x100000}


def test_what_was_thrown_away_is_not_counted() -> None:
    assert sum(one.owners["undertone"] for one in read_map(MAP) if one.name == ".text") == 0x3400


def test_every_byte_of_a_section_has_an_owner() -> None:
    for one in read_map(MAP):
        if one.owners:
            assert sum(one.owners.values()) == one.bytes, one.name


@pytest.mark.parametrize("text", ["", "ld: region m_text overflowed", MAP.replace("Linker script", "Script")])
def test_no_map(text: str) -> None:
    with pytest.raises(EnvironmentLacking, match="no map"):
        read_map(text)


def test_a_function_that_nobody_calls_is_not_in_the_program() -> None:
    assert holds_function(MAP, "vApplicationStackOverflowHook") and holds_function(MAP, "main")
    assert not holds_function(MAP, "dropped") and not holds_function(MAP, "never_heard_of")
