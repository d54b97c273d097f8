"""Frames, text and noise are told apart wherever one runs into the other, and shown within 80 columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.protocol import TABLE, Frame, encode, encode_frame
from tools.board.show import as_hex, as_json, as_line
from tools.board.sniffer import MOST_HELD, Seen, Sniffer, What


def wire(name: str, sequence: int = 7, **fields: Any) -> bytes:
    return encode_frame(Frame(TABLE.layouts[name].id, sequence, encode(name, **fields)))


ACK = wire("ack", segment=3, received=480, credit=8)
BIG = wire("captured", offset=0, available=480, lost_samples=0, pcm=np.arange(480))
BOOT = "Grüß Gott\r\n\x1b[32mready\x1b[0m\r\n".encode()


def sniff(*pieces: bytes) -> list[Seen]:
    sniffer = Sniffer()
    return [seen for piece in pieces for seen in sniffer.push(piece)] + sniffer.rest()


def kinds(found: list[Seen]) -> list[str]:
    return [seen.what.value for seen in found]


class TestTelling:
    def test_frames_among_text(self) -> None:
        found = sniff(BOOT + ACK + b"low battery\n" + BIG + b"bye")
        assert kinds(found) == ["text", "text", "frame", "text", "frame", "text"]
        assert [seen.text for seen in found if seen.what is What.TEXT] == [
            "Grüß Gott",
            " [32mready [0m",
            "low battery",
            "bye",
        ]
        assert found[2].frame is not None
        assert found[2].frame.sequence == 7

    def test_one_byte_at_a_time_is_the_same(self) -> None:
        data = BOOT + ACK + BIG + b"bye\n"
        assert sniff(*(data[at : at + 1] for at in range(len(data)))) == sniff(data)

    def test_text_is_shown_before_the_next_frame_ends_it(self) -> None:
        sniffer = Sniffer()
        assert [seen.text for seen in sniffer.push(b"panic: stack\r\nr3 = ")] == ["panic: stack"]
        assert sniffer.holds_text
        assert [seen.text for seen in sniffer.rest()] == ["r3 ="]
        assert not sniffer.holds_text

    def test_half_a_frame_is_not_taken_for_text(self) -> None:
        """The frame's bytes hold line ends: they must not end it."""
        pcm = np.full(480, 0x0A0A)
        data = wire("captured", offset=0, available=480, lost_samples=0, pcm=pcm)
        sniffer = Sniffer()
        assert sniffer.push(data[:500]) == []
        assert not sniffer.holds_text
        assert kinds(sniffer.push(data[500:])) == ["frame"]

    def test_text_that_runs_into_a_frame(self) -> None:
        found = sniff(b"prompt> " + ACK)
        assert kinds(found) == ["text", "frame"]
        assert found[0].text == "prompt>"

    def test_noise_that_runs_into_a_frame(self) -> None:
        found = sniff(b"\x01\x01\xfe\x01" + ACK)
        assert kinds(found) == ["noise", "frame"]
        assert found[0].data == b"\x01\x01\xfe\x01"

    def test_noise_and_damaged_frames_keep_their_bytes(self) -> None:
        hurt = bytearray(ACK)
        hurt[6] ^= 0x55
        found = sniff(b"\xff\xfe\0" + bytes(hurt) + ACK)
        assert kinds(found) == ["noise", "noise", "frame"]
        assert found[0].data == b"\xff\xfe"
        assert found[1].data == bytes(hurt)[:-1]
        assert found[1].fault is not None

    def test_another_version_of_the_protocol(self) -> None:
        (seen,) = sniff(encode_frame(Frame(129, 3, b"abc"), version=9))
        assert (seen.what, seen.frame, seen.version) == (What.FRAME, None, 9)
        assert "protocol version 9" in as_line(seen, 0.0)

    def test_zero_bytes_alone_are_nothing(self) -> None:
        assert sniff(b"\0\0\0" + ACK + b"\0") == sniff(ACK)

    @given(st.binary(max_size=4000), st.integers(1, 900))
    def test_no_byte_is_lost_and_little_is_held(self, data: bytes, piece: int) -> None:
        sniffer = Sniffer()
        found = []
        for at in range(0, len(data), piece):
            found += sniffer.push(data[at : at + piece])
            assert len(sniffer._held) <= MOST_HELD
        found += sniffer.rest()
        assert b"".join(seen.data for seen in found) == data.replace(b"\0", b"")

    @given(st.lists(st.sampled_from([ACK, BIG, b"line of a log\n", b"\xff\xfe\xfd\0"]), max_size=12))
    def test_whatever_their_order_all_are_found(self, parts: list[bytes]) -> None:
        meant = ["frame" if p in (ACK, BIG) else "text" if p.endswith(b"\n") else "noise" for p in parts]
        assert kinds(sniff(b"".join(parts))) == meant


class TestShowing:
    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (ACK, "< ack #7 segment=3 received=480 credit=8"),
            (wire("hello", session=5), "> hello #7 session=5"),
            (wire("error", code=4, request=2, sentence="no"), 'code=4 (no_segment) request=2 sentence="no"'),
            (wire("error", code=99, request=2, sentence=""), "code=99 (unknown)"),
            (BIG, "pcm=[0 1 2 3 4 5 6 7 … 480]"),
            (b"\xff\xfe\0", "? 2 bytes, encoding: ff fe"),
            (b"hello\n", "hello"),
            (encode_frame(Frame(77, 1, b"ab")), "< kind 77".replace("<", ">")),
            (encode_frame(Frame(131, 1, b"ab")), "< ack #1: 2 bytes that do not fit it: 61 62"),
        ],
    )
    def test_a_line_for_people(self, data: bytes, words: str) -> None:
        (seen,) = sniff(data)
        line = as_line(seen, 12.3456)
        assert line.startswith("   12.346 ")
        assert words in " ".join(line.split())
        assert max(map(len, line.splitlines())) <= 80

    def test_long_fields_are_folded_within_the_columns(self) -> None:
        fields = {field.name: 0 for field in TABLE.layouts["stats"].fields}
        (seen,) = sniff(wire("stats", **fields))
        lines = as_line(seen, 0.0).splitlines()
        assert len(lines) > 3
        assert max(map(len, lines)) <= 80
        assert all(line.startswith(" " * 12) for line in lines[1:])
        assert all(f"{name}=0" in " ".join(lines) for name in fields)

    def test_text_cannot_move_the_cursor(self) -> None:
        (seen,) = sniff(b"a\x1b[2Jb\n")
        assert "\x1b" not in as_line(seen, 0.0)

    @pytest.mark.parametrize(
        ("data", "what", "keys"),
        [
            (ACK, "frame", {"kind", "sequence", "message", "fields", "payload", "version"}),
            (encode_frame(Frame(1, 1, b""), version=3), "frame", {"version"}),
            (b"\xff\0", "noise", {"hex", "fault"}),
            (b"hi\n", "text", {"text"}),
        ],
    )
    def test_an_object_for_programs(self, data: bytes, what: str, keys: set[str]) -> None:
        line = as_json(sniff(data)[0], 1.5)
        assert "\n" not in line
        found = json.loads(line)
        assert set(found) == {"at", "what", "bytes"} | keys
        assert (found["at"], found["what"]) == (1.5, what)

    def test_fields_of_an_object(self) -> None:
        found = json.loads(as_json(sniff(BIG)[0], 0.0))
        assert found["fields"]["pcm"] == list(range(480))
        assert found["message"] == "captured"
        broken = json.loads(as_json(sniff(encode_frame(Frame(131, 1, b"ab")))[0], 0.0))
        assert (broken["fields"], broken["payload"]) == (None, "6162")

    def test_raw_bytes(self) -> None:
        lines = as_hex(b"0123456789abcdef\n\xff", 1.0).splitlines()
        assert lines[0] == "    1.000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef"
        assert lines[1].split() == ["1.000", "0a", "ff", ".."]
        assert max(map(len, lines)) <= 80
