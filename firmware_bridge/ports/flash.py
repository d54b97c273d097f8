"""A flash memory whose power can go in the middle of an operation: behind the host port and the twin.

Erased bytes read 0xFF, and only erased bytes can be programmed. An operation that is cut leaves what real
flash leaves: of a program a prefix of the bytes, and bits of one more; of an erase a part erased, a part as
it was, or noise. After a cut nothing changes any more until `power_on`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AREAS = ("slot 0", "slot 1", "record 0", "record 1")  # of core/port.h
RECORD_BYTES = 4096
ERASED = 0xFF


@dataclass(frozen=True)
class Cut:
    """Where the power goes.

    Attributes:
        at: Number of the erase or program, from 0, that is the last and is not finished.
        seed: Decides how far it gets.
    """

    at: int
    seed: int


class Flash:
    """Two slots and two records.

    Args:
        slot_bytes: Size of a slot.
        slots: What lies in the slots at first; what is missing is erased.
        records: The same for the records.

    Attributes:
        operations: Erases and programs since the power came.
        off: Whether the power has gone.
        wear: Erases of each area.
        misuse: What a real flash would not have taken, in words.
    """

    def __init__(self, slot_bytes: int, slots: Sequence[bytes] = (), records: Sequence[bytes] = ()) -> None:
        sizes = (slot_bytes, slot_bytes, RECORD_BYTES, RECORD_BYTES)
        self._areas = [bytearray([ERASED]) * size for size in sizes]
        for first, contents in ((0, slots), (2, records)):
            for index, content in enumerate(contents):
                self._areas[first + index][: len(content)] = content
        self.wear = [0] * len(AREAS)
        self.misuse: list[str] = []
        self.power_on()

    def power_on(self, cut: Cut | None = None) -> None:
        """Start again with what the areas hold.

        Args:
            cut: When the power will go.
        """
        self.operations, self.off, self._cut = 0, False, cut

    def content(self, area: int) -> bytes:
        """Return all bytes of an area."""
        return bytes(self._areas[area])

    def snapshot(self) -> tuple[bytes, ...]:
        """Return all areas, for `restore`."""
        return tuple(map(bytes, self._areas))

    def restore(self, areas: Sequence[bytes]) -> None:
        """Put back what `snapshot` returned."""
        for area, content in zip(self._areas, areas, strict=True):
            area[:] = content

    def read(self, area: int, offset: int, count: int) -> bytes | None:
        """Return bytes of an area; nothing where they lie outside it."""
        if not self._within("read", area, offset, count):
            return None
        return bytes(self._areas[area][offset : offset + count])

    def erase(self, area: int) -> bool:
        """Erase an area; return whether that could be done."""
        if not self._within("erase", area, 0, 0) or self.off:
            return False
        before = self._areas[area]
        self.wear[area] += 1
        after = bytes([ERASED]) * len(before)
        if self._is_last():
            after = self._torn_erase(bytes(before))
        self._areas[area][:] = after
        return not self.off

    def program(self, area: int, offset: int, data: bytes) -> bool:
        """Write to erased bytes; return whether that could be done."""
        if not self._within("program", area, offset, len(data)) or self.off:
            return False
        before = bytes(self._areas[area][offset : offset + len(data)])
        if before.count(ERASED) != len(before):
            self.misuse.append(f"program of {AREAS[area]} at {offset}, which is not erased")
            return False
        after = self._torn_program(data) if self._is_last() else data
        self._areas[area][offset : offset + len(data)] = after
        return not self.off

    def _within(self, what: str, area: int, offset: int, count: int) -> bool:
        if 0 <= area < len(AREAS) and offset >= 0 and 0 <= count <= len(self._areas[area]) - offset:
            return True
        self.misuse.append(f"{what} of area {area} at {offset}, {count} bytes: outside")
        return False

    def _is_last(self) -> bool:
        """Count an operation; return whether the power goes in it."""
        self.off = self._cut is not None and self.operations == self._cut.at
        self.operations += 1
        return self.off

    def _dice(self) -> np.random.Generator:
        assert self._cut is not None
        return np.random.default_rng((self._cut.at, self._cut.seed))

    def _torn_program(self, data: bytes) -> bytes:
        """Return what a program leaves: none, some or all of the bytes, and bits of one more."""
        dice = self._dice()
        done = int(dice.choice([0, len(data), dice.integers(len(data) + 1)], p=[0.15, 0.15, 0.7]))
        half = bytes(data[done : done + 1])
        if half:
            half = bytes([half[0] | int(dice.integers(256))])  # programming clears bits: some are not yet
        return data[:done] + half + bytes([ERASED]) * (len(data) - done - len(half))

    def _torn_erase(self, before: bytes) -> bytes:
        """Return what an erase leaves: untouched, done in part, noise, or done."""
        dice = self._dice()
        size = len(before)
        done = int(dice.integers(size + 1))
        noise = dice.integers(0, 256, size, np.uint8)
        old = np.frombuffer(before, np.uint8)
        erased = np.full(size, ERASED, np.uint8)
        left = {
            "untouched": old,
            "from the front": np.concatenate([erased[:done], old[done:]]),
            "from the back": np.concatenate([old[:done], erased[done:]]),
            "noise": noise,
            "bits": old | noise,
            "done": erased,
        }
        return bytes(left[str(dice.choice(list(left)))])
