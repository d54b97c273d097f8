"""A recording as a file: records of kind, time and bytes, each with a checksum over all before it.

A file begins with `MAGIC`. A record is `<cdI` (kind, seconds, length), its bytes, and the CRC-32 of all of the file up
to there but the sums, little-endian: a record that is damaged, lost or moved is found, and so is a missing end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

import numpy as np
from pydantic import Field, JsonValue, ValidationError

from firmware_bridge.base.errors import DeviceError, InvalidSetting, UndertoneError
from firmware_bridge.base.progress import note
from firmware_bridge.base.settings import Settings
from firmware_bridge.protocol.engine import PCM

MAGIC = b"undertone recording 1\n"
_HEAD = struct.Struct("<cdI")
_SUM = struct.Struct("<I")


class RecordingDamaged(UndertoneError):
    """A file that is no recording, or is no longer whole."""


class Kind(Enum):
    """What a record holds."""

    HEADER = b"H"
    PLAYED = b"S"  # index of a segment (u32) and its samples as they were sent
    START = b"B"  # the device came up; Started
    LINK = b"L"  # the line was asked for; its bytes per second
    RELINK = b"M"  # the line was opened anew
    SESSION = b"I"  # a session number was drawn
    CLOCK = b"N"  # the line's clock was read
    WAITING = b"D"  # the device's clock was read
    PURGE = b"P"
    WRITE = b"W"
    READ = b"R"
    ERROR = b"X"  # the call failed: kind of the call, then a Failure
    END = b"Z"


@dataclass(frozen=True)
class Record:
    """One thing that happened.

    Attributes:
        kind: What.
        time: Seconds on the clock of the line, or of the device for `WAITING`.
        data: Its bytes.
    """

    kind: Kind
    time: float
    data: bytes


class Noted(Settings):
    """A segment of the run: what is known of it beside its samples."""

    name: str
    label: int
    speaker: str
    keyword: str | None


class Header(Settings):
    """What a recording was made with. `budgets` and `channel` are as they were in force then."""

    code: str
    bundle: str
    bundle_name: str
    device: str
    channel: dict[str, JsonValue]
    budgets: dict[str, dict[str, JsonValue]]
    segments: list[Noted]


class End(Settings):
    """What came of it: the report's verdict, each promise's status and the hash of the scores; or the error."""

    verdict: str
    statuses: dict[str, str] = Field(default_factory=dict)
    scores_sha256: str = ""
    device: dict[str, JsonValue] = Field(default_factory=dict)


class Started(Settings):
    """What a device is known to be worth once it is up."""

    evidence: str
    keeps_time: bool


class Failure(Settings):
    """An error of a call to the line: its class, what happened, and the remedy."""

    error: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Recording:
    """A recording that was read and found whole.

    Attributes:
        path: Where it lies.
        header: What it was made with.
        records: What passed, in order.
        played: Samples of each segment as they were sent, int16[n] at 16 kHz, by index.
        end: What came of it.
    """

    path: Path
    header: Header
    records: tuple[Record, ...]
    played: Mapping[int, PCM]
    end: End


class Writer:
    """Writes a recording as it happens. A disk that fails ends the recording, never the run, and that is said.

    Raises:
        InvalidSetting: The file cannot be made.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO | None = path.open("wb")
        except OSError as error:
            raise InvalidSetting(
                f"the recording cannot be written to {path}: {error.strerror}",
                "name another file: --record FILE",
            ) from error
        self._sum = zlib.crc32(MAGIC)
        self._put(MAGIC)
        self.write(Kind.HEADER, 0.0, header.model_dump_json().encode())

    def write(self, kind: Kind, time: float, data: bytes = b"") -> None:
        """Add a record."""
        body = _HEAD.pack(kind.value, time, len(data)) + data
        # The sums are not summed up themselves: data and its own CRC-32 together always give the same one.
        self._sum = zlib.crc32(body, self._sum)
        self._put(body + _SUM.pack(self._sum))

    def failed(self, call: Kind, time: float, error: DeviceError) -> None:
        """Write down that a call raised an error, in place of what it would have returned."""
        told = Failure(error=type(error).__name__, what=error.what, remedy=error.remedy)
        self.write(Kind.ERROR, time, call.value + told.model_dump_json().encode())

    def close(self, end: End) -> None:
        """Add the last record: without it a recording is not whole."""
        self.write(Kind.END, 0.0, end.model_dump_json().encode())
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._lost(error)

    def _put(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            self._file.write(data)
        except OSError as error:
            self._file = None
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        note(f"the recording {self.path} ends here and is of no use: {error.strerror}; the run goes on")


def read_recording(path: Path) -> Recording:
    """Read a recording and check it from end to end.

    Raises:
        RecordingDamaged: It is no recording, of another format, damaged, or not whole.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecordingDamaged(
            f"no recording at {path}: {error.strerror}", "make one: `undertone hil --record FILE`"
        ) from error
    if not content.startswith(MAGIC):
        raise RecordingDamaged(
            f"{path} is no recording of this format", "make one: `undertone hil --record FILE`"
        )
    records = list(_records(path, content))
    if not records or records[0].kind is not Kind.HEADER or records[-1].kind is not Kind.END:
        raise _truncated(path, len(content))
    try:
        header = Header.model_validate_json(records[0].data)
        end = End.model_validate_json(records[-1].data)
    except ValidationError as error:
        raise RecordingDamaged(
            f"{path} was made by another version of the program: {error.error_count()} settings do not fit",
            "replay it with that version, or record the run again",
        ) from error
    played = {
        int.from_bytes(one.data[:4], "little"): np.frombuffer(one.data[4:], "<i2").astype(np.int16)
        for one in records
        if one.kind is Kind.PLAYED
    }
    passed = tuple(one for one in records[1:-1] if one.kind is not Kind.PLAYED)
    return Recording(path, header, passed, played, end)


def _records(path: Path, content: bytes) -> Iterator[Record]:
    place, total = len(MAGIC), zlib.crc32(MAGIC)
    while place < len(content):
        body = place + _HEAD.size
        if body > len(content):
            raise _truncated(path, len(content))
        kind, time, length = _HEAD.unpack_from(content, place)
        known = kind in {one.value for one in Kind}
        if not known or body + length + _SUM.size > len(content):
            # A damaged length looks as a lost end does: the sum before it was right, so it is one of the two.
            raise _truncated(path, len(content)) if known else _damaged(path, place)
        total = zlib.crc32(content[place : body + length], total)
        if _SUM.unpack_from(content, body + length)[0] != total:
            raise _damaged(path, place)
        yield Record(Kind(kind), time, content[body : body + length])
        place = body + length + _SUM.size


def _truncated(path: Path, size: int) -> RecordingDamaged:
    return RecordingDamaged(
        f"{path} is not whole: it ends in the middle, after {size:,} bytes",
        "copy it again, or record the run again: `undertone hil --record FILE`",
    )


def _damaged(path: Path, place: int) -> RecordingDamaged:
    return RecordingDamaged(
        f"{path} is damaged at byte {place:,}: a checksum does not fit",
        "copy it again, or record the run again: `undertone hil --record FILE`",
    )
