"""A TFLite model as plain, frozen data: what every later step reads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edgetpu_models.format.names import EDGETPU_OP, NUMPY_TYPES

Option = int | float | bool | str | tuple[int, ...]


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point), per tensor or along `axis`.

    Attributes:
        scales: float64 values of the stored float32 scales; empty for a tensor that is not quantised.
        zero_points: One per scale (or empty, which means 0).
        axis: The dimension that has one scale per index.
    """

    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The first scale, 0 where there is none."""
        return self.scales[0] if self.scales else 0.0

    @property
    def zero_point(self) -> int:
        """The first zero point, 0 where there is none."""
        return self.zero_points[0] if self.zero_points else 0


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph.

    Attributes:
        index: Its place in the subgraph.
        name: Its name.
        type: `INT8`, `FLOAT32`, …
        shape: Dimensions; empty for a scalar.
        signature: Dimensions with -1 where they are dynamic; empty where nothing is said.
        buffer: Index of its buffer; 0 is the empty one.
        data: The constant bytes, or `None` for a tensor that is computed.
        quantization: Scales and zero points.
        variable: Whether it keeps its value between two calls.
    """

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    signature: tuple[int, ...] = ()
    buffer: int = 0
    data: memoryview | None = None
    quantization: Quantization = Quantization()
    variable: bool = False
    sparse: bool = False

    @property
    def constant(self) -> bool:
        """Whether its values are stored in the file."""
        return self.data is not None

    @property
    def elements(self) -> int:
        """How many elements it holds."""
        return math.prod(self.shape)

    @property
    def dynamic(self) -> bool:
        """Whether a dimension is open until run time."""
        return any(d < 0 for d in self.signature)

    def values(self) -> npt.NDArray[np.generic]:
        """Return the constant values, shaped, without copying; empty where there are none."""
        if self.data is None or self.type not in NUMPY_TYPES:
            return np.empty(0)
        return np.frombuffer(self.data, NUMPY_TYPES[self.type]).reshape(self.shape)


@dataclass(frozen=True)
class Operator:
    """One operation.

    Attributes:
        index: Its place in the execution order.
        op: The builtin name (`CONV_2D`), or the name of a custom operation.
        version: The operation's version.
        inputs: Tensor indices; -1 for an optional input that is absent.
        outputs: Tensor indices.
        options: The settings that this project reads, by their schema names.
        custom: Whether it is a custom operation.
        custom_options: Its bytes.
    """

    index: int
    op: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Option] = field(default_factory=dict, hash=False)
    custom: bool = False
    custom_options: memoryview | None = None
    intermediates: tuple[int, ...] = ()

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer option."""
        value = self.options.get(name, default)
        return value if isinstance(value, int) else default


@dataclass(frozen=True)
class SubGraph:
    """Tensors, and the operations between them in execution order."""

    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]

    def ins(self, op: Operator) -> list[Tensor | None]:
        """Return an operation's input tensors, `None` for an absent one."""
        return [self.tensors[i] if i >= 0 else None for i in op.inputs]

    def outs(self, op: Operator) -> list[Tensor]:
        """Return an operation's output tensors."""
        return [self.tensors[i] for i in op.outputs]

    def data_in(self, op: Operator) -> Tensor | None:
        """Return the first input that is computed rather than constant."""
        return next((t for t in self.ins(op) if t is not None and not t.constant), None)

    def activations(self, op: Operator) -> list[Tensor]:
        """Return the inputs that are computed."""
        return [t for t in self.ins(op) if t is not None and not t.constant]

    def constants(self, op: Operator) -> list[Tensor]:
        """Return the inputs whose values are stored in the file."""
        return [t for t in self.ins(op) if t is not None and t.constant]

    @cached_property
    def producers(self) -> dict[int, int]:
        """Tensor index to the index of the operation that computes it."""
        return {t: op.index for op in self.operators for t in op.outputs}

    @cached_property
    def consumers(self) -> dict[int, tuple[int, ...]]:
        """Tensor index to the operations that read it."""
        found: dict[int, list[int]] = {}
        for op in self.operators:
            for t in dict.fromkeys(op.inputs):
                found.setdefault(t, []).append(op.index)
        return {t: tuple(ops) for t, ops in found.items()}


@dataclass(frozen=True)
class Model:
    """A whole model file.

    Attributes:
        subgraphs: One for every model that this project makes.
        version: Schema version, 3.
        description: Free text of the converter.
        size: Bytes of the file.
        metadata: Name to bytes.
        buffers: How many buffers it has.
        unaligned: Bytes where lists of 8-byte numbers begin at a multiple of 4 only (a warning: the schema wants 8).
    """

    subgraphs: tuple[SubGraph, ...]
    version: int
    description: str
    size: int
    metadata: dict[str, memoryview] = field(default_factory=dict, hash=False)
    buffers: int = 0
    unaligned: tuple[int, ...] = ()

    @property
    def main(self) -> SubGraph:
        """The subgraph that runs."""
        return self.subgraphs[0]

    @property
    def compiled(self) -> bool:
        """Whether the Edge TPU compiler made it."""
        return any(op.op == EDGETPU_OP for op in self.main.operators)

    def edgetpu_ops(self) -> Iterator[Operator]:
        """Yield the operations that hold an Edge TPU program."""
        return (op for graph in self.subgraphs for op in graph.operators if op.op == EDGETPU_OP)

    @property
    def parameters(self) -> int:
        """How many weights it holds: elements of constant int8, uint8, int16, int32 and float inputs.

        Shape, axis and padding arguments (int32 without a scale) are not weights.
        """
        graph = self.main
        used = {i for op in graph.operators for i in op.inputs if i >= 0}
        return sum(
            t.elements
            for t in (graph.tensors[i] for i in sorted(used))
            if t.constant and (t.quantization.scales or t.type.startswith("FLOAT"))
        )
