"""Flash that outlives its process: the areas, one after the other, in a file."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.files import write_bytes
from firmware_bridge.ports.flash import RECORD_BYTES, Flash


class FileFlash(Flash):
    """Two slots and two records in a file; every change is written at once.

    Args:
        path: The file. It is made where there is none.
        slot_bytes: Size of a slot.
        image: What lies in slot 0 of a new file.

    Raises:
        InvalidSetting: A file of another size.
    """

    def __init__(self, path: Path, slot_bytes: int, image: bytes) -> None:
        super().__init__(slot_bytes, [image])
        sizes = [slot_bytes, slot_bytes, RECORD_BYTES, RECORD_BYTES]
        self._starts = [sum(sizes[:area]) for area in range(len(sizes))]
        if not path.exists():
            write_bytes(path, b"".join(self.snapshot()))
        content = path.read_bytes()
        if len(content) != sum(sizes):
            raise InvalidSetting(
                f"{path} is not a flash of {sum(sizes)} bytes: it has {len(content)}",
                "name another file, or delete this one to begin anew",
            )
        self.restore([content[at : at + size] for at, size in zip(self._starts, sizes, strict=True)])
        self._file = path.open("r+b", buffering=0)

    def erase(self, area: int) -> bool:
        """Erase an area; return whether that could be done."""
        done = super().erase(area)
        self._write(area)
        return done

    def program(self, area: int, offset: int, data: bytes) -> bool:
        """Write to erased bytes; return whether that could be done."""
        done = super().program(area, offset, data)
        self._write(area, offset, len(data))
        return done

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _write(self, area: int, offset: int = 0, count: int | None = None) -> None:
        if not 0 <= area < len(self._starts) or offset < 0:
            return
        content = self.content(area)[offset : None if count is None else offset + count]
        self._file.seek(self._starts[area] + offset)
        self._file.write(content)
