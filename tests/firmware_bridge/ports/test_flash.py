"""The flash model: what it does like flash, and what a cut leaves."""

from __future__ import annotations

import pytest

from firmware_bridge.ports.flash import RECORD_BYTES, Cut, Flash

DATA = bytes(range(1, 65))


@pytest.fixture
def flash() -> Flash:
    return Flash(1024, [b"old" * 100], [b"record"])


def test_what_is_missing_is_erased(flash: Flash) -> None:
    assert flash.content(0) == b"old" * 100 + b"\xff" * 724
    assert flash.content(1) == b"\xff" * 1024
    assert flash.content(2) == b"record".ljust(RECORD_BYTES, b"\xff")


def test_program_and_erase(flash: Flash) -> None:
    assert flash.program(1, 10, DATA)
    assert flash.read(1, 9, 3) == b"\xff\x01\x02"
    assert not flash.program(1, 73, b"x"), "programmed twice"
    assert flash.misuse
    assert flash.erase(1)
    assert flash.content(1) == b"\xff" * 1024
    assert flash.operations == 2
    assert flash.wear == [0, 1, 0, 0]


@pytest.mark.parametrize("place", [(4, 0, 1), (-1, 0, 1), (0, 1020, 5), (0, -1, 2), (3, RECORD_BYTES, 1)])
def test_places_outside_are_refused(flash: Flash, place: tuple[int, int, int]) -> None:
    assert flash.read(*place) is None
    assert not flash.program(place[0], place[1], b"\0" * place[2])
    assert len(flash.misuse) == 2


def test_after_a_cut_nothing_changes(flash: Flash) -> None:
    flash.power_on(Cut(1, 0))
    assert flash.program(1, 0, DATA)
    assert not flash.off
    assert not flash.program(1, 64, DATA)
    assert flash.off
    before = flash.snapshot()
    assert not flash.program(1, 512, DATA)
    assert not flash.erase(1)
    assert flash.snapshot() == before
    flash.power_on()
    assert flash.erase(1)


def test_torn_programs_leave_a_prefix(flash: Flash) -> None:
    """At most one byte is neither new nor erased, and it has no bit cleared that stays set."""
    lengths = set()
    for seed in range(60):
        flash.restore(Flash(1024).snapshot())
        flash.power_on(Cut(0, seed))
        flash.program(1, 0, DATA)
        left = flash.content(1)[: len(DATA)]
        done = next((i for i, (a, b) in enumerate(zip(left, DATA, strict=True)) if a != b), len(DATA))
        assert left[done + 1 :] == b"\xff" * len(left[done + 1 :])
        if done < len(DATA):
            assert left[done] & DATA[done] == DATA[done]
        lengths.add(done)
    assert {0, len(DATA)} <= lengths
    assert len(lengths) > 20


def test_torn_erases_leave_many_things(flash: Flash) -> None:
    kinds = set()
    start = flash.snapshot()
    for seed in range(60):
        flash.restore(start)
        flash.power_on(Cut(0, seed))
        assert not flash.erase(0)
        left = flash.content(0)
        kinds.add("old" if left == start[0] else "erased" if set(left) == {0xFF} else "torn")
    assert kinds == {"old", "erased", "torn"}


def test_a_cut_is_the_same_every_time() -> None:
    def left(seed: int) -> tuple[bytes, ...]:
        flash = Flash(1024, [DATA])
        flash.power_on(Cut(0, seed))
        flash.erase(0)
        return flash.snapshot()

    assert [left(seed) for seed in range(8)] == [left(seed) for seed in range(8)]
    assert len({left(seed) for seed in range(8)}) > 2
