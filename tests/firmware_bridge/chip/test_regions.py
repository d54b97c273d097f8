"""The one type for a region of memory: sums, limits, and what is said when there is no room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.chip.regions import (
    Part,
    Region,
    memory_table,
    on_chip_bytes,
    on_chip_total,
    require_room,
)

TCM = Region("TCM", 100, address=0x1000, on_chip=True, least_free=0.1)
RAM = Region("RAM", 1000, address=0x8000)


def test_parts_are_summed_up() -> None:
    region = TCM.filled([Part("a", 30), Part("b", 12), Part("a", 1)])
    assert (region.used_bytes, region.part("a"), region.part("c")) == (43, 31, 0)
    assert region.free == pytest.approx(0.57)
    assert TCM.used_bytes == 0, "the map itself stays empty"
    assert Region("process").filled([Part("heap", 9)]).free == 0


def test_it_holds_what_lies_in_it_whole() -> None:
    assert TCM.holds(0x1000) and TCM.holds(0x1063) and not TCM.holds(0x1064) and not TCM.holds(0xFFF)
    assert TCM.holds(0x1000, 100) and not TCM.holds(0x1001, 100)


def test_what_is_on_the_chip_is_one_figure() -> None:
    regions = (
        TCM.filled([Part("a", 30)]),
        RAM.filled([Part("b", 500)]),
        replace(TCM, name="T2", parts=(Part("c", 5),)),
    )
    assert on_chip_bytes(regions) == 35
    total = on_chip_total(regions, 200)
    assert (total.used_bytes, total.limit_bytes) == (35, 200)
    assert [part.name for part in total.parts] == ["TCM", "T2"]
    assert on_chip_bytes((*regions, total)) == 35, "it is not counted twice"


def test_a_share_must_stay_free() -> None:
    require_room([TCM.filled([Part("a", 90)])])
    with pytest.raises(
        CheckFailed, match=r"TCM holds 100 bytes, .* takes 91; 10% must stay free; b takes 61"
    ):
        require_room([TCM.filled([Part("a", 30), Part("b", 61)])])
    with pytest.raises(CheckFailed) as caught:
        require_room([TCM.filled([Part("own", 30), Part("b", 61)])], "own", "push it out")
    assert "own's own 30 bytes can move: push it out" in caught.value.remedy
    require_room([Region("process").filled([Part("heap", 1 << 40)])])


def test_the_table_names_the_largest() -> None:
    text = memory_table(
        [TCM.filled([Part("a", 30)], [Part("buffer", 20)]), Region("process", 0, (Part("x", 7),))], "a"
    )
    assert text.splitlines() == [
        "TCM                         30 of        100 bytes   30.0%   a 30",
        "    a                                           30",
        "        buffer                                  20",
        "process                      7 bytes",
        "    x                                            7",
    ]
