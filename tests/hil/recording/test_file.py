"""A recording as a file: it comes back as it was, and one that is not whole is refused with one line."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.base.errors import InvalidSetting
from hil.link.link import LinkLost
from hil.recording.file import (
    MAGIC,
    End,
    Header,
    Kind,
    Noted,
    RecordingDamaged,
    Writer,
    read_recording,
)

HEADER = Header(
    code="0.1.0 (abc)",
    bundle="b" * 64,
    bundle_name="tiny",
    device="host",
    channel={"name": "clean"},
    budgets={},
    segments=[Noted(name="one", label=1, speaker="dan", keyword=None)],
)
END = End(verdict="kept", statuses={"scores_lsb": "kept"}, scores_sha256="c" * 64, device={"device": "host"})


def small(path: Path) -> Path:
    """Write a recording of a few records."""
    writer = Writer(path, HEADER)
    writer.write(Kind.LINK, 10.0, b"12345678")
    writer.write(Kind.CLOCK, 10.5)
    writer.write(Kind.WRITE, 11.0, b"\0hello\0")
    writer.write(Kind.PLAYED, 0.0, (0).to_bytes(4, "little") + np.array([1, -2], "<i2").tobytes())
    writer.write(Kind.READ, 12.25, b"")
    writer.write(Kind.READ, 12.5, b"")
    writer.failed(Kind.READ, 13.0, LinkLost("it went away", "look"))
    writer.close(END)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return small(tmp_path_factory.mktemp("recording") / "run.rec").read_bytes()


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    found = read_recording(small(tmp_path / "new" / "folder" / "run.rec"))
    assert found.header == HEADER
    assert found.end == END
    assert [(one.kind, one.time, one.data) for one in found.records[:5]] == [
        (Kind.LINK, 10.0, b"12345678"),
        (Kind.CLOCK, 10.5, b""),
        (Kind.WRITE, 11.0, b"\0hello\0"),
        (Kind.READ, 12.25, b""),
        (Kind.READ, 12.5, b""),
    ]
    assert found.records[5].data.startswith(Kind.READ.value + b"{")
    assert {index: pcm.tolist() for index, pcm in found.played.items()} == {0: [1, -2]}


def test_every_flipped_bit_is_found(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        with pytest.raises(RecordingDamaged) as caught:
            read_recording(path)
        assert str(path) in caught.value.what
        assert "\n" not in caught.value.what
        assert caught.value.remedy


def test_every_length_but_the_whole_is_truncated(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.rec"
    for length in range(len(MAGIC), len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordingDamaged, match="is not whole") as caught:
            read_recording(path)
        assert "record the run again" in caught.value.remedy
    path.write_bytes(whole + b"x")
    with pytest.raises(RecordingDamaged):
        read_recording(path)


def test_a_record_that_is_lost_or_moved_is_found(whole: bytes, tmp_path: Path) -> None:
    """Both empty reads are records of the same length: swapped or taken out they leave every other byte as it was."""
    size = 1 + 8 + 4 + 4
    first = whole.index(b"R", whole.index(b"hello"))
    one, two = whole[first : first + size], whole[first + size : first + 2 * size]
    assert one[:1] == two[:1] == b"R"
    path = tmp_path / "run.rec"
    for content in (
        whole.replace(one + two, two + one),
        whole.replace(one, b"", 1),
        whole.replace(two, two + two, 1),
    ):
        assert content != whole
        path.write_bytes(content)
        with pytest.raises(RecordingDamaged, match="damaged at byte"):
            read_recording(path)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "run.rec"
    for head in (b"", MAGIC):
        path.write_bytes(head + content)
        with pytest.raises(RecordingDamaged):
            read_recording(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no recording at"),
        (b"", "no recording of this format"),
        (b"RIFF", "no recording of this format"),
        (b"undertone recording 2\n", "no recording of this format"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "run.rec"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordingDamaged, match=told) as caught:
        read_recording(path)
    assert "undertone hil --record FILE" in caught.value.remedy


def test_a_header_of_another_version_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Header, "model_dump_json", lambda self: '{"colour": "blue"}')
    with pytest.raises(RecordingDamaged, match="another version of the program"):
        read_recording(small(tmp_path / "run.rec"))


class Full:
    """A disk that takes so many more writes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, data: bytes) -> int:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    def close(self) -> None:
        """Nothing was opened."""


def test_a_full_disk_ends_the_recording_and_not_the_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(tmp_path / "run.rec", HEADER)
    writer._file = Full(1)  # type: ignore[assignment]
    for _ in range(4):
        writer.write(Kind.READ, 1.0, b"data")
    writer.close(END)
    told = [line for line in caplog.messages if "No space left on device" in line]
    assert len(told) == 1
    assert "the run goes on" in told[0]
    with pytest.raises(RecordingDamaged):
        read_recording(tmp_path / "run.rec")


def test_a_place_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "run.rec"):
        with pytest.raises(InvalidSetting, match="cannot be written") as caught:
            Writer(path, HEADER)
        assert "--record" in caught.value.remedy
