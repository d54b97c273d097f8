"""The reader against the schema's own generated code: two independent ways to the same data."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.format.model import Model, Quantization
from edgetpu_models.format.names import ACTIVATIONS, NUMPY_TYPES, OPERATORS, TENSOR_TYPES, TYPE_BITS
from edgetpu_models.format.options import TABLES
from edgetpu_models.format.reader import parse
from edgetpu_models.testing import Network, compiled, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid

# Our option names and the schema's, where they are not the same words.
SCHEMA_FIELDS = {
    "activation": "fusedActivationFunction",
    "dilation_w": "dilationWFactor",
    "dilation_h": "dilationHFactor",
    "filter_w": "filterWidth",
    "filter_h": "filterHeight",
    "in_type": "inDataType",
    "out_type": "outDataType",
}


def _schema_field(name: str) -> str:
    head, *rest = name.split("_")
    return SCHEMA_FIELDS.get(name, head + "".join(word.capitalize() for word in rest))


def _union_name(number: int) -> str:
    return next(k for k, v in vars(schema.BuiltinOptions).items() if v == number and not k.startswith("_"))


def test_operator_names_are_the_schemas() -> None:
    theirs = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    assert list(OPERATORS) == [theirs[i] for i in range(len(theirs))]


def test_tensor_types_and_activations_are_the_schemas() -> None:
    theirs = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    assert list(TENSOR_TYPES) == [theirs[i] for i in range(len(theirs))]
    theirs = {v: k for k, v in vars(schema.ActivationFunctionType).items() if not k.startswith("_")}
    assert list(ACTIVATIONS) == [theirs[i] for i in range(len(theirs))]


@pytest.mark.parametrize("kind", sorted(NUMPY_TYPES))
def test_sizes_of_types_agree(kind: str) -> None:
    assert np.dtype(NUMPY_TYPES[kind]).itemsize * 8 == TYPE_BITS[kind]


@pytest.mark.parametrize("op", sorted(TABLES))
def test_settings_are_read_from_the_right_slots(op: str) -> None:
    """Every field of every settings table gets a value of its own, written by the schema's code."""
    number, fields = TABLES[op]
    table = getattr(schema, f"{_union_name(number)}T")()
    expected: dict[str, Any] = {}
    for place, (name, (_, kind, _default)) in enumerate(fields.items(), 2):
        field = _schema_field(name)
        assert hasattr(table, field), f"{op} has no {field}"
        value: Any = {"?": True, "f": 0.5 * place, "ints": [place, place + 1]}.get(kind, place)
        expected[name] = value
        if kind == "activation":
            value, expected[name] = 3, "RELU6"
        elif kind == "padding":
            value, expected[name] = 1, "VALID"
        elif kind == "type":
            value, expected[name] = place, TENSOR_TYPES[place]
        elif kind == "b":
            value, expected[name] = 1, 1
        elif kind == "ints":
            expected[name] = tuple(value)
        setattr(table, field, value)
    net = Network()
    shape = (1, 4, 4, 4)
    out = net.op(op, [net.input(shape)], shape)
    record = net.graph.operators[0]
    record.builtinOptionsType, record.builtinOptions = number, table
    found = parse(memoryview(net.finish(out))).main.operators[0].options
    assert found == expected


@pytest.mark.parametrize("op", sorted(TABLES))
def test_settings_that_are_absent_have_the_schemas_defaults(op: str) -> None:
    number, fields = TABLES[op]
    union = _union_name(number)
    builder = flatbuffers.Builder(64)
    getattr(schema, f"{union}Start")(builder)
    builder.Finish(getattr(schema, f"{union}End")(builder))
    theirs = getattr(schema, union).GetRootAs(bytes(builder.Output()), 0)
    net = Network()
    out = net.op(op, [net.input((1, 4))], (1, 4))
    net.graph.operators[0].builtinOptionsType = number
    net.graph.operators[0].builtinOptions = getattr(schema, f"{union}T")()
    record = net.graph.operators[0].builtinOptions
    for name, (_, kind, _default) in fields.items():
        if kind not in ("ints",):
            field = _schema_field(name)
            setattr(record, field, getattr(theirs, field[0].upper() + field[1:])())
    found = parse(memoryview(net.finish(out))).main.operators[0].options
    for name, (_, kind, _default) in fields.items():
        if kind in ("i", "f", "?", "b"):
            field = _schema_field(name)
            assert found[name] == getattr(theirs, field[0].upper() + field[1:])(), name


@pytest.mark.parametrize(("field", "value"), [("fusedActivationFunction", 77), ("padding", 9)])
def test_a_value_without_meaning_is_refused(field: str, value: int) -> None:
    net = Network()
    out = net.conv(net.input((1, 4, 4, 4)), 4)
    setattr(net.graph.operators[0].builtinOptions, field, value)
    with pytest.raises(ModelInvalid, match="unknown"):
        parse(memoryview(net.finish(out)))


def test_an_operation_without_settings_has_none() -> None:
    net = Network()
    data = net.finish(net.op("CONV_2D", [net.input((1, 4, 4, 4))], (1, 4, 4, 4)))
    op = parse(memoryview(data)).main.operators[0]
    assert op.options == {}
    assert op.number("stride_w", 1) == 1


def test_metadata_and_description() -> None:
    net = Network()
    out = net.conv(net.input((1, 4, 4, 4)), 4)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(b"1.14.0", np.uint8)
    net.model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = "min_runtime_version", len(net.model.buffers) - 1
    net.model.metadata = [entry]
    model = parse(memoryview(net.finish(out)))
    assert bytes(model.metadata["min_runtime_version"]) == b"1.14.0"
    assert model.description == "made by edgetpu_models.testing"
    entry.buffer = 99
    with pytest.raises(ModelInvalid, match="metadata names buffer 99"):
        parse(memoryview(net.finish(out)))


def test_constants_behind_the_flatbuffer_are_found() -> None:
    net = Network()
    weights = net.tensor((4, 8), data=np.arange(32).reshape(4, 8))
    out = net.op("FULLY_CONNECTED", [net.input((1, 8)), weights], (1, 4), version=4)
    buffer = net.model.buffers[1]
    content = bytes(buffer.data)
    buffer.data, buffer.offset, buffer.size = None, 2**20, len(content)
    size = len(net.finish(out))
    buffer.offset = size + 4
    data = net.finish(out)
    data += bytes(buffer.offset - len(data)) + content
    model = verify_model(data)
    np.testing.assert_array_equal(model.main.tensors[0].values(), np.arange(32, dtype=np.int8).reshape(4, 8))
    with pytest.raises(ModelInvalid, match="a buffer ends at byte"):
        verify_model(data[:-1])


def test_custom_operations_keep_their_bytes_and_need_a_name() -> None:
    net = Network()
    out = net.op("MyOwnOp", [net.input((1, 4))], (1, 4))
    net.graph.operators[0].customOptions = np.frombuffer(b"abc", np.uint8)
    op = parse(memoryview(net.finish(out))).main.operators[0]
    assert (op.op, op.custom, bytes(op.custom_options or b"")) == ("MyOwnOp", True, b"abc")
    net.model.operatorCodes[0].customCode = None
    with pytest.raises(ModelInvalid, match="has no name"):
        parse(memoryview(net.finish(out)))


def test_editing_and_packing_keeps_the_meaning() -> None:
    before, after = verify_model(small_network()), verify_model(pack(open_model(small_network())))
    assert _plain(before) == _plain(after)


def test_a_damaging_edit_is_not_packed() -> None:
    model = open_model(small_network())
    model.subgraphs[0].operators[0].outputs = [999]
    with pytest.raises(ModelInvalid, match="does not exist"):
        pack(model)


def test_the_graph_knows_who_makes_and_who_reads() -> None:
    graph = verify_model(small_network()).main
    first, second = graph.operators[0], graph.operators[1]
    assert graph.producers[first.outputs[0]] == 0
    assert 1 in graph.consumers[first.outputs[0]]
    assert graph.data_in(second) == graph.tensors[first.outputs[0]]
    assert [t.type for t in graph.constants(first)] == ["INT8", "INT32"]
    assert graph.activations(first)[0].index in graph.inputs


def test_quantisation_without_values() -> None:
    empty = Quantization()
    assert (empty.scale, empty.zero_point, empty.per_channel) == (0.0, 0, False)
    assert Quantization((0.5, 0.25), (1, 2)).per_channel


def _plain(model: Model) -> list[Any]:
    return [
        (op.op, op.version, op.options, [(t.name, t.shape, t.type) for t in model.main.outs(op)])
        for op in model.main.operators
    ]


def _same_as_the_generated_code(data: bytes) -> int:
    """Compare everything that both readers see; returns how many tensors and operations that was."""
    ours = parse(memoryview(data))
    theirs = schema.Model.GetRootAs(data, 0)
    assert theirs.SubgraphsLength() == len(ours.subgraphs)
    graph, mine = theirs.Subgraphs(0), ours.main
    assert tuple(graph.InputsAsNumpy()) == mine.inputs
    assert tuple(graph.OutputsAsNumpy()) == mine.outputs
    for i, tensor in enumerate(mine.tensors):
        other = graph.Tensors(i)
        assert (other.Name() or b"").decode() == tensor.name
        assert (tuple(other.ShapeAsNumpy()) if other.ShapeLength() else ()) == tensor.shape
        assert TENSOR_TYPES[other.Type()] == tensor.type
        buffer = theirs.Buffers(other.Buffer())
        content = buffer.DataAsNumpy().tobytes() if buffer.DataLength() else None
        assert content == (bytes(tensor.data) if tensor.data is not None else None)
        q = other.Quantization()
        scales = q.ScaleAsNumpy() if q is not None and q.ScaleLength() else np.zeros(0)
        assert tuple(float(s) for s in scales) == tensor.quantization.scales
    for i, op in enumerate(mine.operators):
        other = graph.Operators(i)
        code = theirs.OperatorCodes(other.OpcodeIndex())
        name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        assert op.op == (code.CustomCode().decode() if name == "CUSTOM" else name)
        assert code.Version() == op.version
        assert tuple(other.InputsAsNumpy()) == op.inputs
        assert tuple(other.OutputsAsNumpy()) == op.outputs
        if op.options:
            _same_settings(other, op.op, op.options)
    return len(mine.tensors) + len(mine.operators)


def _same_settings(other: Any, op: str, found: dict[str, Any]) -> None:
    number, fields = TABLES[op]
    table = getattr(schema, _union_name(number))()
    table.Init(other.BuiltinOptions().Bytes, other.BuiltinOptions().Pos)
    for name, (_, kind, _default) in fields.items():
        field = _schema_field(name)
        if kind == "ints":
            continue
        value = getattr(table, field[0].upper() + field[1:])()
        names = {"activation": ACTIVATIONS, "padding": ("SAME", "VALID"), "type": TENSOR_TYPES}.get(kind)
        assert found[name] == (names[value] if names else value), (op, name)


def test_made_up_models_read_the_same() -> None:
    assert _same_as_the_generated_code(small_network()) > 30
    assert _same_as_the_generated_code(compiled()) == 3


@pytest.mark.corpus
def test_real_models_read_the_same(pairs: list) -> None:
    files = {p for pair in pairs for p in (pair.compiled, pair.original) if p}
    assert sum(_same_as_the_generated_code(path.read_bytes()) for path in sorted(files)) > 1300
