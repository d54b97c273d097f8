"""Everything about a message comes from the table: classes, C structs, unions, handlers, the fuzzer's list."""

from __future__ import annotations

import dataclasses
import re
import typing
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.paths import ROOT
from firmware_bridge.protocol import TABLE, Reply, Request, decode, encode, encode_message, messages
from firmware_bridge.protocol.c_dispatch import (
    render_dispatch_header,
    render_dispatch_source,
    render_handlers_header,
)
from firmware_bridge.protocol.c_header import render_c_header
from firmware_bridge.protocol.c_layout import render_layout_source
from firmware_bridge.protocol.python_messages import FILE, class_name, render_messages
from firmware_bridge.protocol.table import Field, parse_table

TEXT = (FILE.parent / "protocol.toml").read_text()
EXTRA = """
[messages.ping]
id = 100
reply = "pong"
needs = "live"
fields = [["number", "u32"], ["words", "u16[3]"]]

[messages.pong]
id = 228
fields = [["number", "u32"]]
"""
EXTENDED = parse_table(TEXT + EXTRA)


def value(field: Field) -> Any:
    if field.is_text:
        return "é"
    if field.most:
        return np.arange(3).astype(np.dtype(field.code))
    return 1.5 if field.item == "f32" else 7


def test_the_classes_are_those_of_the_table() -> None:
    """Red after a change of the table: python -m firmware_bridge.protocol.python_messages."""
    assert FILE.read_text() == render_messages()


@pytest.mark.parametrize("one", messages.ALL, ids=lambda one: one.name)
def test_each_class_has_its_fields(one: type[messages.Message]) -> None:
    layout = TABLE.layouts[one.name]
    assert one.__name__ == class_name(layout.name)
    assert one.kind == layout.id
    assert [field.name for field in dataclasses.fields(one)] == [field.name for field in layout.fields]
    if layout.reply is None:
        assert issubclass(one, Reply) and not issubclass(one, Request)
    else:
        assert issubclass(one, Request)
        assert one.reply.name == layout.reply
        (parameter,) = typing.get_args(one.__orig_bases__[0])  # type: ignore[attr-defined]
        assert parameter is one.reply, "what a type checker is told is what comes"


@pytest.mark.parametrize("one", messages.ALL, ids=lambda one: one.name)
def test_a_message_comes_back_as_its_class(one: type[messages.Message]) -> None:
    fields = {field.name: value(field) for field in TABLE.layouts[one.name].fields}
    sent = one(**fields)
    back = decode(one.kind, encode_message(sent))
    assert type(back) is one
    assert encode_message(back) == encode(one.name, **fields)
    assert list(back.fields) == list(fields)


def test_a_message_cannot_be_read_by_name_or_changed() -> None:
    ready = messages.Ready(segment=3, received=9)
    assert (ready.segment, ready.received) == (3, 9)
    with pytest.raises(TypeError):
        ready["segment"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ready.segment = 4  # type: ignore[misc]
    with pytest.raises(TypeError):
        messages.Ready(segment=3)  # type: ignore[call-arg]


def test_a_new_request_is_in_everything_that_is_made() -> None:
    header = render_c_header(EXTENDED)
    assert "struct ut_msg_ping ping;" in header[header.index("union ut_request {") :]
    assert "struct ut_msg_pong pong;" in header[header.index("union ut_reply {") :]
    assert (
        "uint8_t ut_on_ping(struct ut_device *device, const struct ut_msg_ping *request"
        in render_handlers_header(EXTENDED)
    )
    source = render_dispatch_source(EXTENDED)
    assert "{call_ping, UT_KIND_PING, UT_CAN_LIVE}," in source
    assert "    UT_KIND_PING,\n" in source, "the fuzzer's list"
    assert f"#define UT_REQUESTS {sum(one.reply is not None for one in EXTENDED.layouts.values())}u" in (
        render_dispatch_header(EXTENDED)
    )
    assert "UT_KIND_PING, UT_KIND_PONG}" in render_layout_source(EXTENDED)
    classes = render_messages(EXTENDED)
    assert 'class Ping(Request[Pong]):\n    """Request `ping`, for a `pong`."""' in classes
    assert "    words: NDArray[np.uint16]\n" in classes


def test_a_capability_must_exist() -> None:
    with pytest.raises(InvalidSetting, match="'listen' needs the unknown capability 'ears'"):
        parse_table(TEXT.replace('needs = "live"', 'needs = "ears"', 1))


def test_no_file_repeats_what_is_made() -> None:
    """Unions, dispatch and lists of requests were written by hand, three times over."""
    folders = [ROOT / "firmware_bridge" / "core", ROOT / "firmware_bridge" / "ports"]
    files = [
        file for folder in folders for suffix in ("c", "h", "cc") for file in folder.rglob(f"*.{suffix}")
    ]
    assert len(files) > 60
    for file in (one for one in files if one.parent.name != "made"):
        text = file.read_text()
        assert not re.search(r"^union \w+ \{", text, re.M), file
        assert "case UT_KIND_" not in text, file


def test_no_reply_is_read_by_name() -> None:
    fields = {field.name for layout in TABLE.layouts.values() for field in layout.fields}
    read = re.compile(r"\b(?:reply|message|answer|said|live|crash|stats|identity|result)\[[\"'](\w+)[\"']\]")
    files = [file for room in ("firmware_bridge", "hil", "tools") for file in (ROOT / room).rglob("*.py")]
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in files
        if "lab" not in file.parts  # benchmarks have results of their own
        for match in read.finditer(file.read_text())
        if match[1] in fields
    ]
    assert found == []
