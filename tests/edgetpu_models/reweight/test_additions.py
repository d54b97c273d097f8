"""The factors of additions: in real files, written anew, and refused where they are not where they were seen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.stream import WORD, write_bits
from edgetpu_models.provenance.check import Study, study
from edgetpu_models.reweight.additions import factor_words, rewrite_additions
from edgetpu_models.reweight.derive import reweight
from edgetpu_models.reweight.fuzz import without_token
from edgetpu_models.reweight.same import ratio
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused

REAL = (("62c09a14", "b3aed616", 1), ("c5fdea15", "1dc42b69", 10), ("d731ae39", "e1964d0f", 10))


def files(pair_folder: Path, original: str, compiled: str) -> tuple[bytes, bytes]:
    return next(pair_folder.glob(f"{original}*")).read_bytes(), next(
        pair_folder.glob(f"{compiled}*")
    ).read_bytes()


def additions(pair: Study) -> list[Any]:
    ops = [pair.graph.operators[i] for i in pair.mapped]
    return [op for op in ops if op.op == "ADD" and len(pair.graph.activations(op)) == 2]


@pytest.mark.parametrize(("original", "compiled", "count"), REAL)
def test_both_factors_of_every_real_addition_stand_where_they_should(
    pair_folder: Path, original: str, compiled: str, count: int
) -> None:
    pair = study(*files(pair_folder, original, compiled))
    stream = pair.compiled.running.stream.of(pair.compiled.data)
    found = additions(pair)
    assert len(found) == count
    for op in found:
        first = min(e.record.word for e in pair.matching.explained if (op.index, "added") in e.owners)
        k1, k2 = ratio(pair.graph, op)
        assert k1 != k2
        places = [w for k in (k1, k2) for w in factor_words(stream, k) if first - 256 <= w < first]
        assert len(places) == 2, op.index
        assert abs(places[0] - places[1]) == 30


def test_between_two_additions_of_one_shape_only_addresses_and_factors_differ(pair_folder: Path) -> None:
    """So no zero point of an input stands by itself: it is in the record's x alone."""
    pair = study(*files(pair_folder, "c5fdea15", "1dc42b69"))
    stream = pair.compiled.running.stream.of(pair.compiled.data)
    shapes: dict[tuple[int, ...], list[Any]] = {}
    for op in additions(pair):
        shapes.setdefault(pair.graph.outs(op)[0].shape, []).append(op)
    compared = 0
    for ops in shapes.values():
        for one, other in pairwise(ops):
            starts = []
            for op in (one, other):
                first = min(e.record.word for e in pair.matching.explained if (op.index, "added") in e.owners)
                ks = ratio(pair.graph, op)
                starts.append(min(w for k in ks for w in factor_words(stream, k) if first - 256 <= w < first))
            factors = {f + o for f in (0, 30) for o in (0, 6, 18, 24)}
            for word in set(range(55)) - factors:
                words = [
                    int.from_bytes(stream[16 * (s + word) : 16 * (s + word) + 16], "little") for s in starts
                ]
                # Bits 12..62 hold addresses and counters; the 8-bit fields that could hold zero points lie above.
                assert words[0] >> 63 == words[1] >> 63, (one.index, other.index, word)
                compared += 1
    assert compared > 200


def scaled(original: bytes, factor: float, only: int | None = None) -> bytes:
    """Return the network with the first input of its additions on another scale."""
    opened = open_model(original)
    graph = opened.subgraphs[0]
    for op in verify_model(original).main.operators:
        if op.op == "ADD" and only in (None, op.index):
            scale = graph.tensors[op.inputs[0]].quantization
            scale.scale = (scale.scale * np.float32(factor)).astype(np.float32)
    return pack(opened)


@pytest.mark.parametrize(("original", "compiled", "count"), REAL[:2])
@pytest.mark.parametrize("factor", [1.07, 0.61, 1.9])
def test_another_ratio_is_written_and_leads_back(
    pair_folder: Path, original: str, compiled: str, count: int, factor: float
) -> None:
    source, made = files(pair_folder, original, compiled)
    fresh = scaled(source, factor)
    found = reweight(source, made, fresh)
    assert any(f"{count} ADD of another scale ratio" in text for text in found.rests_on)
    pair = study(fresh, found.data)
    stream = pair.compiled.running.stream.of(found.data)
    for op in additions(pair):
        for k in ratio(pair.graph, op):
            assert factor_words(stream, k), op.index
    back = reweight(fresh, found.data, source)
    assert without_token(back.data) == without_token(made)


def test_builds_of_2019_are_refused_by_name(pair_folder: Path) -> None:
    from edgetpu_models.reweight.template import fixed_zero_points

    source, made = files(pair_folder, "d731ae39", "e1964d0f")
    pair = study(source, made)
    assert list(fixed_zero_points(pair, pair.graph)) == []
    found = list(fixed_zero_points(pair, verify_model(scaled(source, 1.1)).main))
    assert len(found) == 10
    assert "the rule explains 24 of 50 only" in found[0]


def test_a_factor_that_is_not_found_is_refused(pair_folder: Path) -> None:
    source, made = files(pair_folder, "62c09a14", "b3aed616")
    pair = study(source, made)
    op = additions(pair)[0]
    stream = bytearray(pair.compiled.running.stream.of(made))
    (place,) = factor_words(stream, ratio(pair.graph, op)[0])
    write_bits(stream, (place + 6) * WORD, 1, 1)  # one of its four copies holds something else
    other = verify_model(scaled(source, 1.3)).main
    with pytest.raises(ReweightRefused, match="stands in 0 places where one was expected"):
        rewrite_additions(pair, other, stream)


def test_a_factor_that_stands_twice_is_refused(pair_folder: Path) -> None:
    source, made = files(pair_folder, "62c09a14", "b3aed616")
    pair = study(source, made)
    stream = bytearray(pair.compiled.running.stream.of(made))
    factor = ratio(pair.graph, additions(pair)[0])[0]
    (place,) = factor_words(stream, factor)
    for words, at in ((0, 88), (6, 104), (18, 88), (24, 104)):
        start = (place + words - 60) * 16
        stream[start : start + 16] = (factor << at | 1 << 87).to_bytes(16, "little")
    with pytest.raises(ReweightRefused, match="stands in 2 places"):
        rewrite_additions(pair, verify_model(scaled(source, 1.3)).main, stream)


def test_the_same_ratio_touches_nothing(pair_folder: Path) -> None:
    source, made = files(pair_folder, "62c09a14", "b3aed616")
    pair = study(source, made)
    stream = bytearray(pair.compiled.running.stream.of(made))
    before = bytes(stream)
    rewrite_additions(pair, pair.graph, stream)
    assert bytes(stream) == before
