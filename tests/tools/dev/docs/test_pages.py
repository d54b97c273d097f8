"""Pages that are made from the code: current, complete, and refused where nobody has said what something is."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import click
import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.contract.image_header import HEADER
from firmware_bridge.protocol import Frame, FrameDecoder, Kind, decode, encode
from firmware_bridge.protocol.table import TABLE
from tools.cli import VERBS
from tools.dev.docs import api, image, pages, verbs, wire
from tools.dev.docs.markdown import cell, table


@pytest.mark.parametrize("path", pages.MADE, ids=lambda path: path.name)
def test_a_page_of_the_checkout_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages.MADE[path](), "call `make docs`"


class TestTable:
    def test_numbers_stand_on_the_right(self) -> None:
        assert list(table(("name", ">bytes"), [("a", 1), ("b|c", "x\ny")])) == [
            "| name | bytes |",
            "|---|--:|",
            "| a | 1 |",
            "| b\\|c | x y |",
        ]

    def test_a_cell_is_one_line(self) -> None:
        assert cell("  two\n   lines ") == "two lines"


class TestWire:
    @pytest.fixture(scope="class")
    def page(self) -> str:
        return wire.page()

    def test_every_message_has_its_part_with_every_field(self, page: str) -> None:
        parts = dict(re.findall(r"^### (\w+) \((\d+)[^\n]*\n(?=.*)", page, re.MULTILINE))
        assert parts == {name: str(layout.id) for name, layout in TABLE.layouts.items()}
        for name, layout in TABLE.layouts.items():
            part = re.split(r"^##", page.split(f"### {name} (")[1], flags=re.MULTILINE)[0]
            assert re.findall(r"^\| \d* \| `(\w+)`", part, re.MULTILINE) == [
                one.name for one in layout.fields
            ]
            assert f"asks for `{layout.reply}`" in part or layout.reply is None

    def test_every_number_has_a_row_with_words(self, page: str) -> None:
        for section in wire.SECTIONS:
            for name, number in getattr(TABLE, section).items():
                row = next(line for line in page.splitlines() if line.startswith(f"| {number} | `{name}` |"))
                assert len(row.split("|")) == 5

    def test_places_of_fields_are_those_of_the_codec(self, page: str) -> None:
        """Each field is set alone: the bytes that change are the ones that the page names."""
        part = page.split("### get_features (")[1].split("###")[0]
        places = {name: int(at) for at, name in re.findall(r"^\| (\d+) \| `(\w+)`", part, re.MULTILINE)}
        nothing = dict.fromkeys(places, 0)
        assert set(places) == {"segment", "window", "first_frame"}
        for name, at in places.items():
            before, after = (
                encode("get_features", **nothing),
                encode("get_features", **nothing | {name: 0xAB}),
            )
            assert [i for i in range(len(before)) if before[i] != after[i]] == [at]

    def test_after_an_array_no_place_is_claimed(self, page: str) -> None:
        part = page.split("### result (")[1].split("###")[0]
        rows = re.findall(r"^\| (\d*) \| `(\w+)`", part, re.MULTILINE)
        places = {name: at for at, name in rows}
        assert places["acoustic"] == "6"
        assert places["keyword"] == ""

    def test_the_example_is_a_frame(self, page: str) -> None:
        digits = page.split("on the wire:\n\n```\n")[1].split("\n")[0]
        (frame,) = FrameDecoder().push(bytes.fromhex(digits))
        assert isinstance(frame, Frame)
        message = decode(frame.kind, frame.payload)
        assert (frame.kind, frame.sequence, message.session) == (Kind.HELLO, 1, 7)

    def test_a_number_that_nobody_explained_is_refused(self) -> None:
        text = "\n[errors]\nodd = 1   # the frame is odd\neven = 2\n\n[next]\n"
        assert wire.comments(text, "errors") == {"odd": "the frame is odd", "even": ""}
        with pytest.raises(InvalidSetting, match=r"\[errors\]: nothing says what even means"):
            wire.meanings(text, "errors", {"odd": 1, "even": 2})

    def test_what_stands_above_a_section_introduces_it(self) -> None:
        text = "a = 1\n# not this\n\n# One line\n# and another.\n[b]\nc = 1\n"
        assert wire.introduction(text, "b") == "One line and another."
        assert wire.introduction("\n[b]\n", "b") == ""


class TestImage:
    @pytest.fixture(scope="class")
    def rows(self) -> dict[str, tuple[int, str, int]]:
        head = image.page().split("## A network's record")[0]
        found = re.findall(r"^\| (\d+) \| `(\w+)` \| ([^|]+) \| (\d+) \| (.+) \|$", head, re.MULTILINE)
        return {name: (int(at), kind.strip(), int(size)) for at, name, kind, size, _ in found}

    def test_the_header_is_covered_without_a_gap(self, rows: dict[str, tuple[int, str, int]]) -> None:
        end = 0
        for at, _, size in rows.values():
            assert at == end
            end = at + size
        assert end == HEADER.itemsize

    def test_a_reader_of_the_page_reads_an_image(self, rows: dict[str, tuple[int, str, int]]) -> None:
        """With `struct` alone, by places and types of the page."""
        made = np.zeros((), HEADER)
        made["fields"]["labels"], made["fields"]["fusion_weight"][3, 7] = 9, -1234
        made["fields"]["fused_scale"], made["crc32"] = 0.25, 0xDEADBEEF
        data = made.tobytes()
        codes = {"u32": "<I", "f32": "<f"}
        for name, value in (("labels", 9), ("fused_scale", 0.25), ("crc32", 0xDEADBEEF)):
            at, kind, _ = rows[name]
            assert struct.unpack_from(codes[kind], data, at) == (value,)
        at, kind, _ = rows["fusion_weight"]
        assert kind == "i16[16][48]"
        assert struct.unpack_from("<h", data, at + 2 * (3 * 48 + 7)) == (-1234,)

    def test_records_of_networks(self) -> None:
        page = image.page()
        assert "60 bytes each: acoustic at 128 and keyword at 188." in page
        assert "| 8 | `arena_bytes` | u32 | 4 | that the interpreter needs |" in page

    def test_one_name_in_two_tables_keeps_two_meanings(self) -> None:
        page = image.page()
        assert "| `bytes` | u32 | 4 | of the whole image |" in page
        assert "| `bytes` | u32 | 4 | of the .tflite, without its padding |" in page

    def test_a_field_that_nobody_explained_is_refused(self) -> None:
        layout = np.dtype([("labels", "<u4"), ("colour", "<u4")])
        with pytest.raises(InvalidSetting, match="field 'colour'"):
            image.rows(layout, 0, image.meanings("    labels  u32   of the classes", 4))

    def test_a_field_without_words_is_one_that_nobody_explained(self) -> None:
        text = "    labels   u32\n    hop  u32  from here\n        inner  u32  x"
        assert image.meanings(text, 4) == {"hop": "from here"}


class TestVerbs:
    @pytest.fixture(scope="class")
    def page(self) -> str:
        return verbs.page()

    def test_every_verb_has_its_part(self, page: str) -> None:
        assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [verb for verb, _, _ in VERBS]

    def test_every_option_stands_under_its_verb(self, page: str) -> None:
        parts = {part.split("\n")[0]: part for part in re.split(r"^###? ", page, flags=re.MULTILINE)}
        for name, command in verbs.commands():
            for option in command.params:
                if isinstance(option, click.Option):
                    assert all(f"`{one}`" in parts[name] for one in option.opts), (name, option.opts)

    def test_every_option_says_what_it_is(self) -> None:
        silent = [
            f"{name} {option.opts[0]}"
            for name, command in verbs.commands()
            for option in command.params
            if isinstance(option, click.Option) and not option.help
        ]
        assert not silent

    def test_verbs_inside_a_group_are_there(self, page: str) -> None:
        assert "### template add\n" in page

    def test_a_default_is_printed_where_the_help_prints_it(self, page: str) -> None:
        assert "| `--folds` | integer | 6 |" in page
        assert "| `--json` |  |  |" in page


@pytest.mark.parametrize("name", api.PAGES)
def test_every_module_of_the_reference_is_there_and_has_public_names(name: str) -> None:
    import importlib

    for module in api.PAGES[name][1]:
        found = importlib.import_module(module)
        assert (found.__doc__ or "").strip(), module
        assert [one for one in vars(found) if not one.startswith("_")], module
        assert f".. automodule:: {module}\n" in api.page(name)
