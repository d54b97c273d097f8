"""The table refuses what a firmware could not live with."""

from __future__ import annotations

import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.protocol import LIMITS, TABLE, ErrorCode, Kind
from firmware_bridge.protocol.table import parse_table

HEAD = "\n".join(
    [
        "version = 1",
        "[limits]\npayload_bytes = 32",
        "[errors]\nlost = 1",
        "[capabilities]\nfly = 4",
        "[listen_modes]\noff = 0",
        "[reset_reasons]\npower = 1",
        "[troubles]\nlost = 1\n",
    ]
)


def test_enums_are_the_table() -> None:
    assert {kind.name.lower(): kind.value for kind in Kind} == {
        n: layout.id for n, layout in TABLE.layouts.items()
    }
    assert {code.name.lower(): code.value for code in ErrorCode} == TABLE.errors


def test_every_request_has_a_reply_and_every_reply_a_request() -> None:
    asked = {layout.reply for layout in TABLE.layouts.values() if layout.reply}
    requests = {name for name, layout in TABLE.layouts.items() if layout.reply}
    assert asked | requests | {"error"} == set(TABLE.layouts)
    assert all(TABLE.layouts[name].id < 128 for name in requests)
    assert all(TABLE.layouts[name].id >= 128 for name in asked)


def test_a_chunk_of_audio_fits_its_message() -> None:
    pcm = next(field for field in TABLE.layouts["audio"].fields if field.name == "pcm")
    assert pcm.most == LIMITS["chunk_samples"]
    assert LIMITS["chunks_per_ack"] <= LIMITS["chunks_in_flight"], "else the host waits for ever"


@pytest.mark.parametrize(
    ("messages", "what"),
    [
        ('[messages.a]\nid = 1\nfields = [["x", "u24"]]', "unknown type 'u24'"),
        ('[messages.a]\nid = 1\nfields = [["x", "text"]]', "unknown type 'text'"),
        ("[messages.a]\nid = 1\nfields = []\n[messages.b]\nid = 1\nfields = []", "unique"),
        ("[messages.a]\nid = 256\nfields = []", "from 1 to 255"),
        ('[messages.a]\nid = 1\nfields = []\nreply = "b"', "unknown reply 'b'"),
        ('[messages.a]\nid = 1\nfields = [["x", "u16[16]"]]', "33 bytes"),
        ('[messages.a]\nid = 1\nfields = []\n[transcript]\nb = ["x"]', "unknown field 'b.x'"),
        ('[messages.a]\nid = 1\nfields = [["x", "u8"]]\n[transcript]\na = ["x", "y"]', "unknown field 'a.y'"),
    ],
)
def test_a_bad_table_is_refused(messages: str, what: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        parse_table(HEAD + messages + ("" if "[transcript]" in messages else "\n[transcript]"))
    assert what in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize("bit", [0, 3, 1 << 16])
def test_a_capability_is_one_bit_of_sixteen(bit: int) -> None:
    table = HEAD.replace("fly = 4", f"fly = {bit}") + "[messages.a]\nid = 1\nfields = []\n[transcript]"
    with pytest.raises(InvalidSetting, match="capability 'fly'"):
        parse_table(table)
    assert parse_table(table.replace(f"fly = {bit}", "fly = 32768")).capabilities == {"fly": 32768}
