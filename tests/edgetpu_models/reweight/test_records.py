"""New constants in records: who owns a record, what it must hold, and when that is not clear."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.formulas import expected
from edgetpu_models.program.matching import Explained, Matching
from edgetpu_models.program.stream import (
    FIELDS,
    HI,
    INPUT_ZERO,
    LO,
    WEIGHT_ZERO,
    WORD,
    ZERO,
    M,
    Record,
    X,
    read_field,
    records,
    write_bits,
    write_field,
)
from edgetpu_models.provenance.check import study
from edgetpu_models.reweight.records import rewrite_records
from edgetpu_models.testing.network import Network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused


def network(scales: tuple[float, ...], out: float = 0.05, zero: int = 3) -> Any:
    """Return the graph of several QUANTIZE, each from a scale of its own."""
    net = Network(0)
    outs = [
        net.op("QUANTIZE", [net.input((1, 4), scale=s, zero_point=zero)], (1, 4), version=2, scale=out)
        for s in scales
    ]
    return verify_model(net.finish(*outs)).main


def matching_of(
    graph: Any, words: tuple[int, ...], owners: tuple[tuple[int, ...], ...]
) -> tuple[Any, bytearray]:
    """Return a pair and a stream with the record of one owner of each at some words."""
    stream = bytearray(16 * (max(words) + 4))
    explained, table = [], {}
    for op in graph.operators:
        for e in expected(graph, op):
            table.setdefault((op.index, e.tag), []).append(e)
    for word, mine in zip(words, owners, strict=True):
        e = next(iter(expected(graph, graph.operators[mine[0]])))
        r = e.requant
        record = Record(word, 0x30C000, r.m, r.hi, r.lo, r.x, r.zero, 0, e.input_zero or 0)
        for field, value in zip((M, HI, LO, X, ZERO), (r.m, r.hi, r.lo, r.x, r.zero), strict=True):
            write_field(stream, word, field, value)
        write_field(stream, word, INPUT_ZERO, e.input_zero or 0)
        explained.append(Explained(0, record, tuple((i, "rescaled 0") for i in mine)))
    mapped = tuple(op.index for op in graph.operators)
    pair = SimpleNamespace(graph=graph, mapped=mapped, matching=Matching(explained, table=table))
    return pair, stream


def factor(graph: Any, index: int) -> float:
    return next(iter(expected(graph, graph.operators[index]))).requant.m


def test_each_record_gets_its_owners_constants() -> None:
    before, after = network((0.1, 0.2, 0.3)), network((0.15, 0.25, 0.35), out=0.07, zero=9)
    pair, stream = matching_of(before, (2, 6, 10), ((0,), (1,), (2,)))
    rewrite_records(pair, after, [stream])
    assert [read_field(stream, w, M) for w in (2, 6, 10)] == [factor(after, i) for i in range(3)]
    assert {read_field(stream, w, INPUT_ZERO) for w in (2, 6, 10)} == {9 + 128}


def test_the_same_network_leaves_every_byte() -> None:
    before = network((0.1, 0.2))
    pair, stream = matching_of(before, (2, 6), ((0,), (1,)))
    kept = bytes(stream)
    rewrite_records(pair, before, [stream])
    assert bytes(stream) == kept


def test_a_shared_record_whose_owners_agree_is_written() -> None:
    before, after = network((0.1, 0.1)), network((0.2, 0.2))
    pair, stream = matching_of(before, (2, 6), ((0, 1), (1, 0)))
    rewrite_records(pair, after, [stream])
    assert read_field(stream, 2, M) == read_field(stream, 6, M) == factor(after, 0)


def test_a_shared_record_whose_owners_part_is_refused() -> None:
    before, after = network((0.1, 0.1)), network((0.2, 0.3))
    pair, stream = matching_of(before, (2,), ((0, 1),))
    with pytest.raises(
        ReweightRefused, match=r"word 2 could belong to operations 0 \(QUANTIZE\), 1 \(QUANTIZE\)"
    ):
        rewrite_records(pair, after, [stream])


def test_the_order_of_execution_decides_between_owners() -> None:
    """Two operations share their constants; a record between those of operations 1 and 3 belongs to 2, not to 4."""
    before = network((0.1, 0.2, 0.5, 0.3, 0.5))
    after = network((0.1, 0.2, 0.6, 0.3, 0.7))
    pair, stream = matching_of(before, (2, 6, 10, 14), ((0,), (1,), (2, 4), (3,)))
    rewrite_records(pair, after, [stream])
    assert read_field(stream, 10, M) == factor(after, 2)


def test_where_records_are_out_of_order_it_does_not() -> None:
    before = network((0.1, 0.2, 0.5, 0.3, 0.5))
    after = network((0.1, 0.2, 0.6, 0.3, 0.7))
    pair, stream = matching_of(before, (2, 6, 10, 14), ((1,), (0,), (2, 4), (3,)))
    with pytest.raises(ReweightRefused, match="which want different values"):
        rewrite_records(pair, after, [stream])


def test_a_zero_point_that_its_record_does_not_hold_is_refused() -> None:
    before, after = network((0.1,), zero=3), network((0.1,), zero=4)
    pair, stream = matching_of(before, (2,), ((0,),))
    record = pair.matching.explained[0].record
    other = Record(**{**vars(record), "input_zero": 77})
    pair.matching.explained[0] = Explained(0, other, pair.matching.explained[0].owners)
    with pytest.raises(ReweightRefused, match="changes from 131 to 132, and its record does not hold it"):
        rewrite_records(pair, after, [stream])


@pytest.mark.parametrize("scale", [1e-38, 3e38])
def test_constants_that_no_real_file_shows_are_refused(scale: float) -> None:
    pair, stream = matching_of(network((0.1,)), (2,), ((0,),))
    with pytest.raises(ReweightRefused, match="which no real file shows"):
        rewrite_records(pair, network((scale,)), [stream])


def test_fields_of_a_record_lie_where_the_page_says() -> None:
    """The table of docs/inside_a_compiled_model.md, once more as bits."""
    places = {f.name: (f.offset, f.width) for f in FIELDS}
    assert places == {
        "m": (29, 32),
        "hi": (61, 32),
        "lo": (93, 32),
        "x": (125, 32),
        "output zero point": (157, 8),
        "weight zero point": (-66, 8),
        "input zero point": (-50, 8),
    }
    stream = bytearray(16 * 4)
    write_field(stream, 1, WEIGHT_ZERO, 0xAB)
    assert int.from_bytes(stream, "little") == 0xAB << (WORD - 66)


def test_records_of_a_stream_are_those_with_the_marker() -> None:
    stream = bytearray(16 * 8)
    write_field(stream, 3, M, 0.5)
    write_field(stream, 3, HI, 10.0)
    assert list(records(stream)) == []
    write_bits(stream, 3 * WORD, 29, 0x30C000)
    (found,) = records(stream)
    assert (found.word, found.m, found.hi, found.low) == (3, 0.5, 10.0, 0x30C000)


def test_every_record_of_a_real_file_is_written_from_the_other_networks_scales(data_root: Path) -> None:
    folder = data_root / "edgetpu_same_architecture"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    red, blue = ((folder / f"color_{c}_64x64.tflite").read_bytes() for c in ("red", "blue"))
    pairs = {
        name: study(data, (folder / f"color_{name}_64x64_edgetpu.tflite").read_bytes())
        for name, data in (("red", red), ("blue", blue))
    }
    streams = [bytearray(p.stream.of(pairs["red"].compiled.data)) for p in pairs["red"].compiled.programs]
    rewrite_records(pairs["red"], verify_model(blue).main, streams)
    wanted = [p.stream.of(pairs["blue"].compiled.data) for p in pairs["blue"].compiled.programs]
    for mine, real in zip(streams, wanted, strict=True):
        for one, other in zip(records(mine), records(real), strict=True):
            assert one == other


def test_a_scale_out_of_range_is_refused_before_records_are_written(data_root: Path) -> None:
    folder = data_root / "edgetpu_same_architecture"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    red = (folder / "color_red_64x64.tflite").read_bytes()
    pair = study(red, (folder / "color_red_64x64_edgetpu.tflite").read_bytes())
    opened = open_model(red)
    opened.subgraphs[0].tensors[7].quantization.scale = np.array([1e-30], np.float32)
    streams = [bytearray(p.stream.of(pair.compiled.data)) for p in pair.compiled.programs]
    with pytest.raises(ReweightRefused, match="which no real file shows"):
        rewrite_records(pair, verify_model(pack(opened)).main, streams)
