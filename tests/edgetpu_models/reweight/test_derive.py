"""Derived files against real compiler output, and what must be refused."""

from __future__ import annotations

import struct
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.container import open_compiled
from edgetpu_models.provenance.check import Verdict, check, study
from edgetpu_models.reweight.derive import accept, reweight
from edgetpu_models.reweight.fuzz import run as fuzz
from edgetpu_models.reweight.fuzz import triples, without_token
from firmware_bridge.base.errors import ReweightRefused, UndertoneError

COLOURS = ("blue", "cyan", "green", "magenta", "red", "white", "yellow")


@pytest.fixture(scope="module")
def seven(data_root: Path) -> dict[str, tuple[bytes, bytes]]:
    folder = data_root / "edgetpu_same_architecture"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    names = {c: folder / f"color_{c}_64x64.tflite" for c in COLOURS}
    return {
        c: (p.read_bytes(), p.with_name(f"{p.stem}_edgetpu.tflite").read_bytes()) for c, p in names.items()
    }


def test_all_ordered_pairs_equal_the_real_compiler_but_for_the_token(
    seven: dict[str, tuple[bytes, bytes]],
) -> None:
    for a, b in permutations(seven, 2):
        made = reweight(*seven[a], seven[b][0])
        assert without_token(made.data) == without_token(seven[b][1]), (a, b)
        differing = sum(x != y for x, y in zip(made.data, seven[b][1], strict=True))
        assert 0 < differing <= 16


def test_the_token_is_fresh_and_depends_on_template_and_network(
    seven: dict[str, tuple[bytes, bytes]],
) -> None:
    tokens = set()
    for a in COLOURS[:3]:
        for b in COLOURS:
            made = open_compiled(reweight(*seven[a], seven[b][0]).data)
            found = {p.token for p in made.programs}
            assert len(found) == 1
            tokens |= found
    real = {p.token for _, compiled in seven.values() for p in open_compiled(compiled).programs}
    assert len(tokens) == 21
    assert not tokens & real
    twice = [reweight(*seven["red"], seven["blue"][0]).data for _ in range(2)]
    assert twice[0] == twice[1]


def test_every_accepted_template_gives_itself_back(pairs: list) -> None:
    accepted, refused = 0, []
    for pair in pairs:
        if pair.original is None:
            continue
        try:
            made = reweight(pair.original, pair.compiled, pair.original)
        except ReweightRefused as refusal:
            refused.append(refusal.what)
            continue
        assert without_token(made.data) == without_token(pair.compiled.read_bytes())
        accepted += 1
    assert accepted == 16
    assert len(refused) == 10
    assert sum("build of 2019/20 for runtime 12" in r for r in refused) == 4
    assert sum("LSTM" in r for r in refused) == 1
    assert sum("a degenerate scale" in r for r in refused) == 3


def _changed(model: bytes, change: object) -> bytes:
    opened = open_model(model)
    change(opened)  # type: ignore[operator]
    return pack(opened)


def _scale(tensor: int, value: float) -> object:
    def change(model: object) -> None:
        model.subgraphs[0].tensors[tensor].quantization.scale = np.array([value], np.float32)  # type: ignore[attr-defined]

    return change


def _zero(tensor: int, value: int) -> object:
    def change(model: object) -> None:
        model.subgraphs[0].tensors[tensor].quantization.zeroPoint = np.array([value], np.int64)  # type: ignore[attr-defined]

    return change


def _bias(value: int) -> object:
    def change(model: object) -> None:
        graph = model.subgraphs[0]  # type: ignore[attr-defined]
        buffer = graph.tensors[graph.operators[1].inputs[2]].buffer
        model.buffers[buffer].data = np.frombuffer(struct.pack("<i", value), np.uint8)  # type: ignore[attr-defined]

    return change


def _name(tensor: int, text: bytes) -> object:
    def change(model: object) -> None:
        model.subgraphs[0].tensors[tensor].name = text  # type: ignore[attr-defined]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_bias(7), "a bias that is zero everywhere in one network"),
        (_zero(7, -100), "one of them is 0 in the chip"),
        (_scale(7, 1e-12), "a degenerate scale"),
        (_scale(6, 0.5), "quantised alike in one network and not in the other"),
        (_name(0, b"x" * 90), "needs another room"),
    ],
)
def test_values_that_shape_the_program_are_refused_by_name(
    seven: dict[str, tuple[bytes, bytes]], change: object, says: str
) -> None:
    with pytest.raises(ReweightRefused, match=says):
        reweight(*seven["red"], _changed(seven["red"][0], change))


def test_a_template_that_was_damaged_in_what_is_understood_is_refused(
    seven: dict[str, tuple[bytes, bytes]],
) -> None:
    original, compiled = seven["red"]
    opened = open_compiled(compiled)
    damaged = bytearray(compiled)
    damaged[opened.programs[1].parameters.start + 2] ^= 1
    with pytest.raises(ReweightRefused, match="not proved to be made from its original"):
        reweight(original, bytes(damaged), seven["blue"][0])


def test_another_architecture_is_refused(pairs: list, seven: dict[str, tuple[bytes, bytes]]) -> None:
    other = next(p for p in pairs if p.original and "dense_256" in p.compiled.name)
    with pytest.raises(ReweightRefused, match="operations and"):
        reweight(*seven["red"], other.original)


def test_new_weights_in_every_accepted_template_are_proved_or_refused(pairs: list) -> None:
    rng = np.random.default_rng(3)
    for pair in pairs:
        if pair.original is None:
            continue
        model = open_model(pair.original.read_bytes())
        graph = model.subgraphs[0]
        for op in graph.operators:
            if len(op.inputs) > 1 and op.inputs[1] >= 0:
                tensor = graph.tensors[op.inputs[1]]
                content = model.buffers[tensor.buffer].data
                if tensor.type in (3, 9) and content is not None and len(content):  # uint8, int8
                    model.buffers[tensor.buffer].data = rng.permutation(content)
        fresh = pack(model)
        try:
            made = reweight(pair.original, pair.compiled, fresh)
        except ReweightRefused:
            continue
        assert check(fresh, made.data).verdict is Verdict.PROVED
        assert made.layers


def test_damaged_triples_give_the_honest_file_or_a_refusal(data_root: Path) -> None:
    known = list(triples([data_root / "edgetpu_pairs"]))
    found = fuzz(known, 150, 5)
    assert found["failure_count"] == 0, found["failures"]
    assert found["triples"] == 150


def test_accept_names_what_is_missing(pairs: list) -> None:
    split = next(p for p in pairs if "split_concat" in p.compiled.name)
    with pytest.raises(UndertoneError, match="no weighted layer"):
        accept(split.original, split.compiled)


@pytest.mark.parametrize("bit", [14, 93 + 30, 29 + 30, 61 + 30])
def test_a_record_that_no_longer_looks_like_one_is_noticed(
    seven: dict[str, tuple[bytes, bytes]], bit: int
) -> None:
    """Its marker, or an exponent of a bound or factor, changed: it must not be passed over while others are written."""
    original, compiled = seven["magenta"]
    pair = study(original, compiled)
    chosen = next(e for e in pair.matching.explained if any(tag == "softmax exponent" for _, tag in e.owners))
    damaged = bytearray(compiled)
    at = 8 * pair.compiled.programs[chosen.program].stream.start + 128 * chosen.record.word + bit
    damaged[at // 8] ^= 1 << at % 8
    with pytest.raises(ReweightRefused, match="not proved"):
        reweight(original, bytes(damaged), seven["blue"][0])
