"""The Edge TPU's arithmetic, operation by operation, as the records of compiled files say it.

out = zero point + round(clip(m * (accumulator + x), lo, hi)) with float32 constants. What records do not say is a
parameter here: how halves are rounded, and how fine the tables of sigmoid and softmax are. Evidence: `modelled`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from edgetpu_models.format.model import Operator, SubGraph, Tensor
from edgetpu_models.numeric.maps import convolve, pooled
from edgetpu_models.program.constants import F, Requant, channel_scales, chip_zero, rational, step
from edgetpu_models.program.formulas import Expected, expected
from firmware_bridge.base.errors import ModelInvalid

Array = npt.NDArray[Any]


class Halves(StrEnum):
    """How a value between two integers, exactly in the middle, is rounded."""

    EVEN = "even"
    UP = "up"
    AWAY = "away from zero"


class Tables(StrEnum):
    """How sigmoid and softmax become 8 bits; the chip reads them from tables that are not known."""

    NEAREST = "nearest"
    FLOOR = "floor"


@dataclass(frozen=True)
class Unknowns:
    """One choice for everything that records do not say."""

    halves: Halves = Halves.EVEN
    tables: Tables = Tables.NEAREST

    @property
    def name(self) -> str:
        """Return the choice in a few words."""
        return f"halves {self.halves.value}, tables {self.tables.value}"


ALTERNATIVES = tuple(Unknowns(h, t) for t in Tables for h in Halves)


def rounded(values: Array, halves: Halves) -> Array:
    """Round float32 or float64 values to integers (as float64)."""
    wide = np.asarray(values, np.float64)
    if halves is Halves.EVEN:
        return np.asarray(np.rint(wide))
    if halves is Halves.UP:
        return np.asarray(np.floor(wide + 0.5))
    return np.asarray(np.copysign(np.floor(np.abs(wide) + 0.5), wide))


def requantise(accumulator: Array, constants: Requant, scales: Array | None, unknowns: Unknowns) -> Array:
    """Return 8-bit values in the chip's form (0 to 255, as float64).

    Args:
        accumulator: Exact integers (float64), channels last.
        constants: Of the record.
        scales: float32[channels] from the parameter blob where the record's factor is 1.
        unknowns: How halves are rounded.
    """
    total = (accumulator + constants.x).astype(np.float32)
    scaled = (total * F(constants.m)).astype(np.float32)
    if scales is not None:
        scaled = (total * scales).astype(np.float32)
    clipped = np.clip(scaled, F(constants.lo), F(constants.hi))
    return np.asarray(np.clip(constants.zero + rounded(clipped, unknowns.halves), 0, 255))


@dataclass(frozen=True)
class Step:
    """What an operation needs besides its input.

    Attributes:
        graph: Its subgraph, `op` the operation.
        constants: Formula tag to constants.
        unknowns: What records do not say.
    """

    graph: SubGraph
    op: Operator
    constants: Mapping[str, Requant]
    unknowns: Unknowns

    def one(self, *tags: str) -> Requant:
        """Return the constants of the first of these formulas that the operation has."""
        found = next((self.constants[t] for t in tags if t in self.constants), None)
        if found is None:
            raise ModelInvalid(
                f"operation {self.op.index} ({self.op.op}) has no record that is understood",
                "see `undertone provenance`",
            )
        return found


def raw(values: Array, tensor: Tensor) -> Array:
    """Return stored values in the chip's form (float64, 0 to 255)."""
    return np.asarray(values, np.float64) + (128 if tensor.type == "INT8" else 0)


def centred(values: Array, tensor: Tensor) -> Array:
    """Return stored values minus their zero point (float64)."""
    return raw(values, tensor) - chip_zero(tensor)


def _weighted(s: Step, inputs: list[Array]) -> Array:
    ins = s.graph.ins(s.op)
    data, weights, bias = ins[0], ins[1], ins[2] if len(ins) > 2 else None
    out = s.graph.outs(s.op)[0]
    if data is None or weights is None:
        raise ModelInvalid(f"operation {s.op.index} has no weights", "convert the model again")
    kernel = np.asarray(weights.values(), np.float64) - weights.quantization.zero_point
    source = centred(inputs[0], data)
    if s.op.op == "FULLY_CONNECTED":
        total = source.reshape(-1, kernel.shape[1]) @ kernel.T
    else:
        total = convolve(s.op, source, kernel, out.shape)
    if bias is not None:
        total = total + np.asarray(bias.values(), np.float64)
    differ = len(set(weights.quantization.scales)) > 1
    scales = channel_scales(step(data), weights, step(out)) if differ else None
    return requantise(total, s.one("weighted"), scales, s.unknowns)


def _rescaled(s: Step, inputs: list[Array]) -> Array:
    tensors = s.graph.activations(s.op)
    parts = [
        requantise(centred(v, t), s.one(f"rescaled {i}"), None, s.unknowns)
        for i, (v, t) in enumerate(zip(inputs, tensors, strict=True))
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, axis=s.op.number("axis"))


def _averaged(s: Step, inputs: list[Array]) -> Array:
    data, out = s.graph.activations(s.op)[0], s.graph.outs(s.op)[0]
    source = centred(inputs[0], data)
    if s.op.op == "MEAN":
        axes = tuple(int(a) for a in np.ravel(s.graph.constants(s.op)[0].values()))
        total = source.sum(axis=axes, keepdims=True)
    else:
        total = pooled(s.op, source, out.shape, np.sum)
    return requantise(total, s.one("averaged"), None, s.unknowns)


def _largest(s: Step, inputs: list[Array]) -> Array:
    data, out = s.graph.activations(s.op)[0], s.graph.outs(s.op)[0]
    return pooled(s.op, raw(inputs[0], data), out.shape, np.max)


def _added(s: Step, inputs: list[Array]) -> Array:
    a, b = s.graph.activations(s.op)
    k1, k2 = rational(float(step(a)), float(step(b)))
    total = k1 * raw(inputs[0], a) + k2 * raw(inputs[1], b)
    return requantise(total, s.one("added"), None, s.unknowns)


def _multiplied(s: Step, inputs: list[Array]) -> Array:
    a, b = s.graph.activations(s.op)
    return requantise(centred(inputs[0], a) * centred(inputs[1], b), s.one("multiplied"), None, s.unknowns)


def _table(values: Array, out: Tensor, unknowns: Unknowns) -> Array:
    scaled = values / np.float64(step(out))
    whole = np.floor(scaled) if unknowns.tables is Tables.FLOOR else np.rint(scaled)
    return np.asarray(np.clip(chip_zero(out) + whole, 0, 255))


def _sigmoid(s: Step, inputs: list[Array]) -> Array:
    data, out = s.graph.activations(s.op)[0], s.graph.outs(s.op)[0]
    r = s.one("sigmoid")
    real = np.clip((centred(inputs[0], data).astype(np.float32) * F(r.m)), F(r.lo), F(r.hi))
    return _table(1 / (1 + np.exp(-real.astype(np.float64))), out, s.unknowns)


def _softmax(s: Step, inputs: list[Array]) -> Array:
    data, out = s.graph.activations(s.op)[0], s.graph.outs(s.op)[0]
    r = s.one("softmax exponent")
    distance = raw(inputs[0], data)
    distance = distance - distance.max(axis=-1, keepdims=True)
    real = np.maximum((distance.astype(np.float32) * F(r.m)), F(r.lo)).astype(np.float64)
    powers = np.exp(real)
    return _table(powers / powers.sum(axis=-1, keepdims=True), out, s.unknowns)


def _moved(s: Step, inputs: list[Array]) -> Array:
    data = s.graph.activations(s.op)[0]
    return raw(inputs[0], data)


STEPS: dict[str, Callable[[Step, list[Array]], Array]] = {
    "CONV_2D": _weighted,
    "DEPTHWISE_CONV_2D": _weighted,
    "FULLY_CONNECTED": _weighted,
    "QUANTIZE": _rescaled,
    "CONCATENATION": _rescaled,
    "AVERAGE_POOL_2D": _averaged,
    "MEAN": _averaged,
    "MAX_POOL_2D": _largest,
    "ADD": _added,
    "MUL": _multiplied,
    "LOGISTIC": _sigmoid,
    "SOFTMAX": _softmax,
    "RESHAPE": _moved,
    "SQUEEZE": _moved,
}


def constants_of(
    graph: SubGraph, op: Operator, records: Mapping[tuple[int, str], Requant]
) -> dict[str, Requant]:
    """Return an operation's constants by formula: from real records where given, from its scales otherwise."""
    wanted: dict[str, Expected] = {}
    for e in expected(graph, op):
        wanted.setdefault(e.tag, e)
    return {tag: records.get((op.index, tag), e.requant) for tag, e in wanted.items()}
