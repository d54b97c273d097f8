"""What the pictures draw: every byte once, where it belongs."""

from __future__ import annotations

from typing import Any

import pytest

from edgetpu_models.analyse import analyse
from edgetpu_models.blob_picture import ROWS, _draw, blob_picture
from edgetpu_models.cost.sram import TILES
from edgetpu_models.inside import Inside, Stretch
from edgetpu_models.plot import _activations, _parameters
from edgetpu_models.testing import Network, small_network


class Axes:
    """Writes down what it is asked to draw."""

    transAxes = None  # noqa: N815  (matplotlib's name)

    def __init__(self) -> None:
        self.pieces: list[tuple[int, int, int, str]] = []
        self.bars: list[tuple[list[float], list[float], str, str | None]] = []
        self.words: list[tuple[float, float, str]] = []
        self.settings: dict[str, Any] = {}
        self.lines: list[float] = []

    def broken_barh(self, spans: list[tuple[int, int]], rows: tuple[float, float], facecolors: str) -> None:
        ((column, size),) = spans
        self.pieces.append((int(rows[0]), column, size, facecolors))

    def bar(
        self, x: Any, heights: Any, bottom: Any = (), color: Any = "", label: Any = None, **_: Any
    ) -> None:
        self.bars.append((list(heights), list(bottom), color, label))

    def text(self, x: float, y: float, words: str, **_: Any) -> None:
        self.words.append((x, y, words))

    def set(self, **settings: Any) -> None:
        self.settings |= settings

    def axhline(self, y: float, **_: Any) -> None:
        self.lines.append(y)

    def legend(self, **_: Any) -> None:
        self.settings["legend"] = True


def _view(*stretches: tuple[int, str]) -> Inside:
    placed, at = [], 1000
    for size, what in stretches:
        placed.append(Stretch(at, size, what))
        at += size + 500  # where they stand in the file does not matter to the picture
    unknown = sum(size for size, what in stretches if what == "not understood")
    return Inside((), tuple(placed), 0, 0, sum(size for size, _ in stretches), unknown)


def _drawn(view: Inside) -> Axes:
    axes = Axes()
    _draw(axes, view)
    return axes


def test_a_piece_goes_on_in_the_next_row_and_keeps_its_colour() -> None:
    axes = _drawn(_view((100, "CONV_2D 0"), (60, "CONV_2D 3"), (10, "padding")))
    blue, light, grey = "#3b6ea8", "#7ba3cf", "#dddddd"
    assert axes.pieces == [
        (0, 0, 64, blue),
        (1, 0, 36, blue),
        (1, 36, 28, light),
        (2, 0, 32, light),
        (2, 32, 10, grey),
    ]
    assert axes.settings["xlim"] == (0, 64), "a row has at least 64 bytes"


@pytest.mark.parametrize("size", [1, 64 * ROWS, 64 * ROWS + 1, 100_003])
def test_every_byte_is_drawn_once_within_the_rows(size: int) -> None:
    axes = _drawn(_view((size // 2, "FULLY_CONNECTED 1"), (size - size // 2, "not understood")))
    width = axes.settings["xlim"][1]
    places = [row * width + column for row, column, _, _ in axes.pieces]
    ends = [place + part for place, (_, _, part, _) in zip(places, axes.pieces, strict=True)]
    assert [0, *ends[:-1]] == places
    assert ends[-1] == size
    assert max(row for row, *_ in axes.pieces) < ROWS
    assert f"{size - size // 2:,} not understood" in axes.settings["title"]


def test_names_are_short_stand_where_the_piece_begins_and_need_room() -> None:
    axes = _drawn(
        _view((70, "DEPTHWISE_CONV_2D 7"), (4, "CONV_2D 8"), (54, "FULLY_CONNECTED 9"), (64, "PAD 2"))
    )
    assert [words for *_, words in axes.words] == ["DW 7", "FC 9", "PAD 2"]
    assert [(int(x), int(y)) for x, y, _ in axes.words] == [(0, 0), (10, 1), (0, 2)]


def test_a_name_without_room_at_the_end_of_a_row_stands_in_the_next() -> None:
    axes = _drawn(_view((62, "CONV_2D 0"), (40, "CONV_2D 1")))
    assert [(int(y), words) for _, y, words in axes.words] == [(0, "CONV 0"), (1, "CONV 1")]


def test_a_file_without_parameters_has_a_picture_too() -> None:
    assert _drawn(_view()).pieces == []
    assert b"0 parameter bytes; 0 not understood" in blob_picture(_view())


def test_the_memory_map_stacks_what_the_tiles_hold() -> None:
    net = Network()
    x = net.conv(net.input((1, 4, 4, 4)), 32)  # 2 blocks of 16 x (4 + 12) bytes
    x = net.conv(x, 256)  # 16 blocks of 16 x (32 + 12) bytes: each tile gets one, the fuller ones last
    axes = Axes()
    _parameters(axes, analyse(net.finish(x)))
    (first, below, _, label), (second, bottom, _, again) = axes.bars
    assert sorted(first) == [0.0] * (TILES - 2) + [256 / 1024] * 2
    assert below == [0.0] * TILES
    assert (second, bottom) == ([704 / 1024] * TILES, first)
    assert (label, again) == ("network 0", None), "a network is named once"


def test_a_dense_layer_stands_in_the_few_tiles_that_its_blocks_of_64_take() -> None:
    net = Network()
    axes = Axes()  # 100 outputs are 2 blocks of 64 x (4 weights + 4 of the bias)
    _parameters(axes, analyse(net.finish(net.dense(net.input((1, 4)), 100))))
    ((heights, *_),) = axes.bars
    assert sorted(heights) == [0.0] * (TILES - 2) + [0.5] * 2


def test_networks_have_colours_of_their_own_and_operations_stand_in_order() -> None:
    found = analyse([small_network(), small_network(1)])
    axes = Axes()
    _activations(axes, found)
    ((heights, _, colours, _),) = axes.bars
    assert heights == [row.activation_bytes / 1024 for row in found.rows]
    assert len(set(colours)) == 2
    assert list(colours) == [colours[0]] * (len(colours) // 2) + [colours[-1]] * (len(colours) // 2)
    assert axes.lines == [], "the limit is far away and is told in words"
    assert axes.words[0][2].endswith("of 192 KiB (0%)")
