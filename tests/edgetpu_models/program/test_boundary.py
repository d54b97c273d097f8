"""What a compiled file shows outside its program, held against the original: every difference by name."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.program.boundary import boundary_problems, mapped_operations
from edgetpu_models.program.container import open_compiled
from edgetpu_models.verify import verify_model


@pytest.fixture(scope="module")
def pair(data_root: Path) -> tuple[bytes, bytes]:
    folder = data_root / "edgetpu_same_architecture"
    if not folder.is_dir():
        pytest.skip("no compiled models at hand")
    return tuple((folder / f"color_red_64x64{end}.tflite").read_bytes() for end in ("", "_edgetpu"))  # type: ignore[return-value]


def problems(original: bytes, compiled: bytes) -> list[str]:
    return list(boundary_problems(verify_model(original).main, open_compiled(compiled)))


def test_a_real_pair_has_none(pairs: list[Any]) -> None:
    for one in pairs:
        if one.original is not None:
            assert problems(one.original.read_bytes(), one.compiled.read_bytes()) == [], one.compiled.name


def test_operations_are_on_the_chip_unless_the_cpu_writes_their_result(pairs: list[Any]) -> None:
    counts = 0
    for one in pairs:
        if one.original is None:
            continue
        original = verify_model(one.original.read_bytes()).main
        compiled = verify_model(one.compiled.read_bytes())
        mapped = mapped_operations(original, compiled)
        assert list(mapped) == sorted(set(mapped))
        assert len(mapped) == int(one.truth["n_mapped"]) if "n_mapped" in one.truth else True
        counts += len(mapped)
    assert counts > 300


def _scale(graph: Any) -> None:
    graph.tensors[0].quantization.scale = np.array([0.5], np.float32)


def _zero(graph: Any) -> None:
    graph.tensors[0].quantization.zeroPoint = np.array([7], np.int64)


def _shape(graph: Any) -> None:
    graph.tensors[0].shape = [1, 4096, 1, 3]


def _name(graph: Any) -> None:
    graph.tensors[0].name = b"somebody else's input"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_scale, "has another scale (1.0, original 0.5)"),
        (_zero, "has another zero point ("),
        (_shape, "has another shape ("),
        (_name, "is not in the original"),
    ],
)
def test_a_tensor_that_differs_is_named_with_both_values(
    pair: tuple[bytes, bytes], change: Callable[[Any], None], says: str
) -> None:
    opened = open_model(pair[0])
    change(opened.subgraphs[0])
    found = problems(pack(opened), pair[1])
    assert any(says in text for text in found), found


def test_inputs_and_outputs_are_compared_by_name(pair: tuple[bytes, bytes]) -> None:
    opened = open_model(pair[0])
    graph = opened.subgraphs[0]
    graph.tensors[graph.outputs[0]].name = b"other"
    found = problems(pack(opened), pair[1])
    assert found[0].startswith("outputs ")
    assert found[0].endswith("are not the original's other")


def test_a_programs_port_is_held_against_its_tensor(pair: tuple[bytes, bytes]) -> None:
    port = open_compiled(pair[1]).running.ports[0]
    data = bytearray(pair[1])
    struct.pack_into("<f", data, port.scale_at, 9.0)
    (said,) = problems(pair[0], bytes(data))
    assert said.startswith(f"the program's {port.name} has scale 9.0 and zero point")
    data = bytearray(pair[1])
    data[port.name_at.start] = ord("?")
    assert any("is no tensor of the file" in text for text in problems(pair[0], bytes(data)))


def test_operations_on_the_cpu_are_the_originals(data_root: Path) -> None:
    folder = data_root / "edgetpu_pairs"
    original = next(folder.glob("c5fdea15*"), None)
    if original is None:
        pytest.skip("no compiled models at hand")
    compiled = next(folder.glob("1dc42b69*")).read_bytes()
    assert problems(original.read_bytes(), compiled) == []
    opened = open_model(original.read_bytes())
    graph = opened.subgraphs[0]
    outer = verify_model(compiled).main
    cpu = next(op for op in outer.operators if op.op == "CONCATENATION")
    name = outer.tensors[cpu.outputs[0]].name.encode()
    twin = next(op for op in graph.operators if graph.tensors[op.outputs[0]].name == name)
    twin.inputs = list(reversed(list(twin.inputs)))
    found = problems(pack(opened), compiled)
    assert any("on the CPU reads" in text for text in found), found


def test_every_name_in_a_program_is_a_tensors(pair: tuple[bytes, bytes]) -> None:
    opened = open_compiled(pair[1])
    port = opened.running.ports[0]
    place = next(s for s in opened.running.names if s.of(pair[1]) == port.name.encode() and s != port.name_at)
    data = bytearray(pair[1])
    data[place.start] = ord("X")
    (said,) = problems(pair[0], bytes(data))
    assert said == f"a transfer of the program is named X{port.name[1:]}, which is no tensor of the file"
