"""What is shown of every message of the wire: nothing too wide, nothing lost, nothing that breaks a terminal."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.protocol import TABLE, Fault, Frame, encode
from firmware_bridge.protocol.table import Field, Layout
from tools.board.show import MOST_SHOWN, WIDTH, as_hex, as_json, as_line, message_of
from tools.board.sniffer import Seen, What

LAYOUTS = list(TABLE.layouts.values())
BITS = {"8": 8, "6": 16, "2": 32}


def filled(field: Field) -> Any:
    """A value that is as long as the field may be, and as large as its type allows."""
    if field.is_text:
        return "x" * min(field.most, 100)
    if field.item == "f32":
        return 0.12345678
    bits = BITS[field.item[-1]]
    top = 2 ** (bits - field.item.startswith("i")) - 1
    return np.full(min(field.most, 300), top) if field.most else top


def seen(layout: Layout) -> Seen:
    payload = encode(layout.name, **{field.name: filled(field) for field in layout.fields})
    return Seen(What.FRAME, b"\x01" + payload, Frame(layout.id, 65535, payload))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
class TestEveryMessage:
    def test_a_line_for_people_fits_the_terminal_and_names_every_field(self, layout: Layout) -> None:
        text = as_line(seen(layout), 12345.678)
        assert all(len(line) <= WIDTH for line in text.splitlines())
        assert text.split()[1:4] == ["<" if layout.reply is None else ">", layout.name, "#65535"]
        whole = " ".join(text.split())
        assert all(f"{field.name}=" in whole for field in layout.fields)

    def test_an_object_for_programs_holds_every_value(self, layout: Layout) -> None:
        text = as_json(seen(layout), 1.5)
        assert "\n" not in text
        found = json.loads(text)
        assert (found["message"], found["kind"], found["sequence"]) == (layout.name, layout.id, 65535)
        assert list(found["fields"]) == sorted(field.name for field in layout.fields)
        for field in layout.fields:
            want = filled(field)
            got = found["fields"][field.name]
            if isinstance(want, np.ndarray):
                assert got == want.tolist()
            elif isinstance(want, float):
                assert got == pytest.approx(want)
            else:
                assert got == want

    def test_a_byte_too_few_is_shown_as_bytes(self, layout: Layout) -> None:
        whole = seen(layout)
        assert whole.frame is not None
        if not whole.frame.payload:
            pytest.skip("a message without fields has no byte to lose")
        short = Seen(What.FRAME, b"", Frame(layout.id, 3, whole.frame.payload[:-1]))
        assert message_of(short) is None
        assert "bytes that do not fit it" in " ".join(as_line(short, 0).split())
        assert json.loads(as_json(short, 0))["fields"] is None


class TestOddThings:
    def test_a_kind_that_nobody_knows(self) -> None:
        odd = Seen(What.FRAME, b"", Frame(99, 1, b"\x01\x02"))
        assert "> kind 99 #1: 2 bytes that do not fit it: 01 02" in as_line(odd, 0)
        assert json.loads(as_json(odd, 0))["message"] is None

    def test_an_error_names_its_code(self) -> None:
        for name, code in TABLE.errors.items():
            payload = encode("error", code=code, request=1, sentence="no")
            line = as_line(Seen(What.FRAME, b"", Frame(TABLE.layouts["error"].id, 1, payload)), 0)
            assert f"code={code} ({name})" in " ".join(line.split())

    def test_an_error_of_a_later_version_has_no_name(self) -> None:
        payload = encode("error", code=251, request=1, sentence="no")
        line = as_line(Seen(What.FRAME, b"", Frame(TABLE.layouts["error"].id, 1, payload)), 0)
        assert "code=251 (unknown)" in line

    def test_a_long_row_says_how_long_it_is(self) -> None:
        payload = encode("audio", segment=1, offset=0, pcm=np.arange(100))
        line = as_line(Seen(What.FRAME, b"", Frame(TABLE.layouts["audio"].id, 1, payload)), 0)
        shown = " ".join(map(str, range(MOST_SHOWN)))
        assert f"pcm=[{shown} … 100]" in " ".join(line.split())

    def test_another_version_is_told_and_not_read(self) -> None:
        other = Seen(What.FRAME, b"\x01" * 9, None, Fault.VERSION, 7)
        assert "! a frame of protocol version 7, 9 bytes" in as_line(other, 0)
        assert message_of(other) is None
        assert json.loads(as_json(other, 0)) == {"at": 0, "what": "frame", "bytes": 9, "version": 7}

    @pytest.mark.parametrize("fault", [None, *Fault])
    def test_noise_keeps_its_reason(self, fault: Fault | None) -> None:
        noise = Seen(What.NOISE, bytes(range(40)), fault=fault)
        line = " ".join(as_line(noise, 0).split())
        assert line.startswith("0.000 ? 40 bytes") and line.endswith("…")
        assert (f", {fault}:" in line) is (fault is not None)
        found = json.loads(as_json(noise, 0))
        assert found["hex"] == bytes(range(40)).hex()
        assert found["fault"] == (fault.value if fault else None)


class TestHex:
    @given(st.binary(max_size=200))
    def test_every_byte_can_be_read_back(self, data: bytes) -> None:
        lines = as_hex(data, 0.25).splitlines()
        assert len(lines) == -(-len(data) // 16)
        assert b"".join(bytes.fromhex(line[10:57]) for line in lines) == data

    @given(st.binary(min_size=1, max_size=64))
    def test_characters_stand_below_each_other_and_move_no_cursor(self, data: bytes) -> None:
        for line in as_hex(data, 1.0).splitlines():
            assert line.startswith("    1.000 ")
            assert line.isprintable()
            assert len(line) <= 80
