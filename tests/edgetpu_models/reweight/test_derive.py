"""Derived files against real compiler output, and what must be refused."""

from __future__ import annotations

import struct
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.container import Span, open_compiled
from edgetpu_models.provenance.check import Verdict, check, study
from edgetpu_models.relayout.file import rename
from edgetpu_models.reweight.derive import accept, reweight
from edgetpu_models.reweight.fuzz import run as fuzz
from edgetpu_models.reweight.fuzz import triples, without_token
from edgetpu_models.reweight.outer import Rename, rename_all
from edgetpu_models.verify import verify_model
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
    assert not found.failures
    assert found.files == 150


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


def _renamed(model: bytes, names: dict[int, str]) -> bytes:
    def change(opened: object) -> None:
        for tensor, name in names.items():
            opened.subgraphs[0].tensors[tensor].name = name.encode()  # type: ignore[attr-defined]

    return _changed(model, change)


def test_which_real_pairs_have_names_of_other_lengths(seven: dict[str, tuple[bytes, bytes]]) -> None:
    """Red's input has 32 characters, the others' 33: 12 of the 42 pairs change a length, none a string's room."""
    lengths = {
        c: len(open_compiled(compiled).model.main.tensors[0].name) for c, (_, compiled) in seven.items()
    }
    assert lengths == {**dict.fromkeys(COLOURS, 33), "red": 32}
    assert sum(lengths[a] != lengths[b] for a, b in permutations(seven, 2)) == 12


def test_names_that_need_another_room_lead_back_to_the_real_file_on_all_pairs(
    seven: dict[str, tuple[bytes, bytes]],
) -> None:
    """A to B under other names, and from there to B's own: where the way back meets the real file, both are right."""
    rng = np.random.default_rng(11)
    sizes = set()
    for a, b in permutations(seven, 2):
        lengths = rng.choice([1, 7, 20, 28, 40, 41, 42, 43, 44, 90, 700, 5000], 2)
        other = _renamed(seven[b][0], {0: "i" * int(lengths[0]), 12: "o" * int(lengths[1])})
        made = reweight(*seven[a], other).data
        names = [t.name for t in open_compiled(made).model.main.tensors]
        assert [len(n) for n in names] == lengths.tolist()
        sizes.add(len(made))
        back = reweight(other, made, seven[b][0]).data
        assert without_token(back) == without_token(seven[b][1]), (a, b, lengths)
    assert len(sizes) > 10


def test_laying_out_again_and_writing_in_place_agree_where_both_can(
    seven: dict[str, tuple[bytes, bytes]],
) -> None:
    for a, b in permutations(seven, 2):
        compiled = seven[a][1]
        opened, wanted = (
            open_compiled(compiled),
            open_compiled(seven[b][1]).model.main.tensors[0].name.encode(),
        )
        old = opened.model.main.tensors[0].name.encode() + b"\0"
        places, at = [], compiled.find(old)
        while at >= 0:
            places.append(at)
            at = compiled.find(old, at + 1)
        assert len(places) == 5  # one outside, two address patches or transfers twice, one layer
        laid = rename(compiled, {place - 4: wanted for place in places})
        changes = [Rename(Span(place, len(old) - 1), wanted) for place in places]
        assert laid == rename_all(compiled, changes)


def test_other_templates_take_longer_names_and_give_them_back(pairs: list) -> None:
    """Both kinds of files around the program (builds of 2019/20 and newer), with operations on the CPU and without."""
    turned, refused = set(), []
    for pair in pairs:
        if pair.original is None:
            continue
        original, compiled = pair.original.read_bytes(), pair.compiled.read_bytes()
        outer = {t.name for t in open_compiled(compiled).model.main.tensors}
        tensors = tensor_names(original)
        longer = {i: name + "/longer" * 9 for i, name in enumerate(tensors) if name in outer}
        try:
            made = reweight(original, compiled, _renamed(original, longer)).data
            back = reweight(_renamed(original, longer), made, original).data
        except ReweightRefused as refusal:
            if "another room" in refusal.what:
                refused.append(pair.compiled.name[:8])
            continue
        assert without_token(back) == without_token(compiled), pair.compiled.name
        assert len(made) > len(compiled)
        turned.add((open_compiled(compiled).old_build, len(open_compiled(compiled).model.main.operators) > 1))
    assert turned == {(False, False), (False, True)}
    assert refused == ["3531e222"]  # labels were appended to it after it was compiled


def tensor_names(model: bytes) -> list[str]:
    return [t.name for t in verify_model(model).main.tensors]
