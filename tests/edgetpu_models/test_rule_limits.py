"""Both sides of every limit: what is just allowed beside what is just refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgetpu_models.cost.partition import violations
from edgetpu_models.format.model import Operator, SubGraph
from edgetpu_models.format.reader import parse
from edgetpu_models.rules.operators import op_version
from edgetpu_models.rules.support import ARGUMENTS, LAST_KNOWN_BUILTIN, SUPPORTED
from edgetpu_models.testing import Network
from edgetpu_models.verify import readable

Build = Callable[[Network], int]
Case = tuple[str, str, bool, Build]


def _fired(build: Build) -> set[str]:
    net = Network()
    graph = readable(parse(memoryview(net.finish(build(net))))).main
    return {v.rule.name for op in graph.operators for v in violations(graph, op)}


def _op(name: str, shape: tuple[int, ...], out: tuple[int, ...], *extra: list[int], **settings: Any) -> Build:
    """One operation on one input, with int32 arguments behind it."""
    options = settings.pop("options", "")
    version = settings.pop("version", 1)

    def build(net: Network) -> int:
        inputs = [net.input(shape), *(net.ints(values) for values in extra)]
        return net.op(name, inputs, out, version=version, options=options, settings=settings)

    return build


def _pad(out: tuple[int, ...], *paddings: tuple[int, int]) -> Build:
    def build(net: Network) -> int:
        amounts = net.tensor((4, 2), "INT32", np.array(paddings), scale=None)
        return net.op("PAD", [net.input((1, 4, 4, 4)), amounts], out, version=2, options="PadOptions")

    return build


def _concat(value: int, count: int = 2, zero_point: int = 0) -> Build:
    def build(net: Network) -> int:
        data = np.full((1, 2, 2, 4), value)
        constant = net.tensor((1, 2, 2, 4), data=data, zero_point=zero_point)
        inputs = [*(net.input((1, 2, 2, 4)) for _ in range(count - 1)), constant]
        return net.op("CONCATENATION", inputs, (1, 2, 2, 4 * count), options="ConcatenationOptions")

    return build


def _prelu(*alpha: int) -> Build:
    def build(net: Network) -> int:
        slopes = net.tensor(alpha, data=np.ones(alpha))
        return net.op("PRELU", [net.input((1, 4, 4, 8)), slopes], (1, 4, 4, 8))

    return build


def _dilated(kernel: tuple[int, int], y: int, x: int) -> Build:
    def build(net: Network) -> int:
        weights = net.tensor((4, *kernel, 4), data=np.ones((4, *kernel, 4)))
        bias = net.tensor((4,), "INT32", np.zeros(4))
        settings = {"strideW": 1, "strideH": 1, "dilationHFactor": y, "dilationWFactor": x}
        inputs = [net.input((1, 9, 9, 4)), weights, bias]
        return net.op("CONV_2D", inputs, (1, 9, 9, 4), version=3, options="Conv2DOptions", settings=settings)

    return build


def _fused(activation: int) -> Build:
    def build(net: Network) -> int:
        a = net.input((1, 4, 4, 4))
        return net.op(
            "ADD",
            [a, a],
            (1, 4, 4, 4),
            options="AddOptions",
            settings={"fusedActivationFunction": activation},
        )

    return build


def _typed(kind: str, name: str = "ADD") -> Build:
    def build(net: Network) -> int:
        a = net.input((1, 4, 4, 4), kind)
        return net.op(name, [a, a], (1, 4, 4, 4), kind, options="AddOptions")

    return build


CASES: list[Case] = [
    (
        "resize-size",
        "twice",
        False,
        _op("RESIZE_BILINEAR", (1, 6, 6, 4), (1, 12, 12, 4), [12, 12], version=3),
    ),
    ("resize-size", "same", False, _op("RESIZE_BILINEAR", (1, 33, 33, 4), (1, 33, 33, 4), [33, 33])),
    ("resize-size", "eight times", False, _op("RESIZE_BILINEAR", (1, 4, 4, 4), (1, 32, 32, 4), [32, 32])),
    ("resize-size", "nine times", True, _op("RESIZE_BILINEAR", (1, 4, 4, 4), (1, 36, 36, 4), [36, 36])),
    ("resize-size", "sixteen", True, _op("RESIZE_BILINEAR", (1, 33, 33, 4), (1, 513, 513, 4), [513, 513])),
    ("resize-size", "one to one", False, _op("RESIZE_BILINEAR", (1, 1, 1, 4), (1, 1, 1, 4), [1, 1])),
    ("reduce-axis", "y and x", False, _op("MEAN", (1, 4, 4, 6), (1, 6), [1, 2], version=2)),
    ("reduce-axis", "z of 8", False, _op("MEAN", (1, 4, 4, 8), (1, 4, 4), [3], version=2)),
    ("reduce-axis", "z of 6", True, _op("MEAN", (1, 4, 4, 6), (1, 4, 4), [-1], version=2)),
    ("reduce-axis", "batch", True, _op("SUM", (1, 4, 4, 8), (4, 4, 8), [0])),
    ("mean-size", "just below", False, _op("MEAN", (1, 255, 128, 3), (1, 3), [1, 2], version=2)),
    ("mean-size", "at it", True, _op("MEAN", (1, 256, 128, 3), (1, 3), [1, 2], version=2)),
    ("mean-large", "reported mapped", False, _op("MEAN", (1, 64, 128, 3), (1, 3), [1, 2], version=2)),
    ("mean-large", "one row more", True, _op("MEAN", (1, 65, 128, 3), (1, 3), [1, 2], version=2)),
    ("softmax-rows", "one row", False, _op("SOFTMAX", (1, 1, 8), (1, 1, 8))),
    ("softmax-rows", "two rows", True, _op("SOFTMAX", (1, 2, 8), (1, 2, 8))),
    ("softmax-length", "16,000", False, _op("SOFTMAX", (1, 16_000), (1, 16_000))),
    ("softmax-length", "16,001", True, _op("SOFTMAX", (1, 16_001), (1, 16_001))),
    ("rank", "three above one", False, _op("RELU", (1, 2, 3, 4), (1, 2, 3, 4))),
    ("rank", "a fourth of one", False, _op("RELU", (1, 1, 2, 3, 4), (1, 1, 2, 3, 4))),
    ("rank", "four above one", True, _op("RELU", (1, 2, 2, 3, 4), (1, 2, 2, 3, 4))),
    ("batch", "one", False, _op("RELU", (1, 2, 3, 4), (1, 2, 3, 4))),
    ("batch", "two", True, _op("RELU", (2, 2, 3, 4), (2, 2, 3, 4))),
    ("batch-edit", "y", False, _pad((1, 6, 4, 4), (0, 0), (1, 1), (0, 0), (0, 0))),
    ("batch-edit", "z", False, _pad((1, 4, 4, 8), (0, 0), (0, 0), (0, 0), (0, 4))),
    ("batch-edit", "batch", True, _pad((2, 4, 4, 4), (0, 1), (0, 0), (0, 0), (0, 0))),
    ("concat-constant", "zeros", False, _concat(0)),
    ("concat-constant", "zero point", False, _concat(-5, zero_point=-5)),
    ("concat-constant", "ones", True, _concat(1)),
    ("concat-constant", "three inputs", True, _concat(0, 3)),
    ("prelu-alpha", "one per channel", False, _prelu(1, 1, 8)),
    ("prelu-alpha", "one per place", True, _prelu(4, 4, 8)),
    ("dilation", "same", False, _dilated((3, 3), 2, 2)),
    ("dilation", "none", False, _dilated((3, 3), 1, 1)),
    ("dilation", "different", True, _dilated((3, 3), 2, 1)),
    ("dilation", "column kernel", False, _dilated((3, 1), 4, 1)),
    ("dilation", "row kernel", False, _dilated((1, 3), 1, 4)),
    ("activation", "none", False, _fused(0)),
    ("activation", "relu", False, _fused(1)),
    ("activation", "relu n1 to 1", False, _fused(2)),
    ("activation", "relu6", False, _fused(3)),
    ("activation", "tanh", True, _fused(4)),
    ("activation", "sign bit", True, _fused(5)),
    ("data-type", "int8", False, _typed("INT8")),
    ("data-type", "uint8", False, _typed("UINT8")),
    ("data-type", "int16", True, _typed("INT16")),
    ("data-type", "int32", True, _typed("INT32")),
    (
        "strided-slice",
        "ones",
        False,
        _op("STRIDED_SLICE", (1, 4, 4, 4), (1, 2, 2, 2), [0] * 4, [2] * 4, [1] * 4),
    ),
    (
        "strided-slice",
        "twos",
        True,
        _op("STRIDED_SLICE", (1, 4, 4, 4), (1, 2, 2, 2), [0] * 4, [4] * 4, [2] * 4),
    ),
    (
        "strided-slice",
        "new axis",
        True,
        _op(
            "STRIDED_SLICE",
            (1, 4),
            (1, 1, 4),
            [0] * 2,
            [4] * 2,
            [1] * 2,
            options="StridedSliceOptions",
            newAxisMask=1,
        ),
    ),
    (
        "strided-slice",
        "ellipsis",
        True,
        _op(
            "STRIDED_SLICE",
            (1, 4),
            (1, 4),
            [0] * 2,
            [4] * 2,
            [1] * 2,
            options="StridedSliceOptions",
            ellipsisMask=1,
        ),
    ),
    ("transpose-rank", "four", False, _op("TRANSPOSE", (1, 2, 3, 4), (1, 3, 2, 4), [0, 2, 1, 3])),
    ("transpose-rank", "five", True, _op("TRANSPOSE", (1, 1, 2, 3, 4), (1, 1, 3, 2, 4), [0, 1, 3, 2, 4])),
    ("tile-from", "a place", False, _op("TILE", (1, 1, 1, 4), (1, 3, 3, 4), [1, 3, 3, 1])),
    ("tile-from", "a map", True, _op("TILE", (1, 3, 3, 4), (1, 6, 6, 4), [1, 2, 2, 1])),
    ("flatten-gaps", "z of 4", False, _op("RESHAPE", (1, 3, 3, 4), (1, 36), [1, 36])),
    ("flatten-gaps", "z of 6", True, _op("RESHAPE", (1, 3, 3, 6), (1, 54), [1, 54])),
    ("flatten-gaps", "a single place", False, _op("RESHAPE", (1, 1, 1, 6), (1, 6), [1, 6])),
    ("wasted-lanes", "8,164 inputs", False, lambda net: net.dense(net.input((1, 8164)), 2)),
    ("wasted-lanes", "8,165 inputs", True, lambda net: net.dense(net.input((1, 8165)), 2)),
    ("dense-format", "one row", False, lambda net: net.dense(net.input((1, 8)), 2)),
    ("softmax-flat", "the class scores", False, lambda net: net.softmax(net.input((1, 64)))),
    ("several-inputs", "one", False, lambda net: net.conv(net.input((1, 4, 4, 4)), 4)),
    ("unsupported-op", "a known one", False, _op("LOGISTIC", (1, 4), (1, 4))),
    ("unsupported-op", "exp", True, _op("EXP", (1, 4), (1, 4))),
    ("unsupported-op", "custom", True, _op("MyOwnOp", (1, 4), (1, 4))),
]


@pytest.mark.parametrize(("name", "what", "fires", "build"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_limit(name: str, what: str, fires: bool, build: Build) -> None:
    assert (name in _fired(build)) is fires


@pytest.mark.parametrize("op", sorted(SUPPORTED))
def test_a_version_above_the_highest_seen_is_doubted(op: str) -> None:
    nothing = SubGraph("", (), (), (), ())
    highest = SUPPORTED[op].version
    assert op_version(nothing, Operator(0, op, highest, (), ())) is None
    assert f"version {highest + 1}" in str(op_version(nothing, Operator(0, op, highest + 1, (), ())))


@pytest.mark.parametrize(
    "op", sorted(set(ARGUMENTS) & {"MEAN", "PAD", "RESHAPE", "TRANSPOSE", "TILE", "SLICE"})
)
def test_arguments_must_be_constant(op: str) -> None:
    def build(net: Network) -> int:
        inputs = [net.input((1, 4, 4, 4)), net.input((4,), "INT32", scale=None)]
        if op == "SLICE":
            inputs.append(net.ints([1, 1, 1, 1]))
        return net.op(op, inputs, (1, 4, 4, 4))

    assert "not-constant" in _fired(build)


def test_codes_that_the_compiler_cannot_know() -> None:
    from edgetpu_models.format.names import OPERATORS

    last, first_unknown = OPERATORS[LAST_KNOWN_BUILTIN], OPERATORS[LAST_KNOWN_BUILTIN + 1]
    assert first_unknown == "GELU"
    assert "unknown-builtin" in _fired(_op(first_unknown, (1, 4), (1, 4)))
    assert "unknown-builtin" not in _fired(_op(last, (1, 4), (1, 4)))
