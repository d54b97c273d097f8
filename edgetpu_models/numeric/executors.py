"""Who computes a network: TFLite's reference kernels, its fast ones, or anything that can show its tensors.

The reference kernels are the contract: they are the same in every runtime, and the board's TFLM has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgetpu_models.format.model import Model
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid

Array = npt.NDArray[Any]
Tensors = dict[int, Array]


class Executor(Protocol):
    """Something that runs a network and shows what it computed."""

    name: str

    def tensors(self, inputs: Sequence[Array]) -> Tensors:
        """Return the tensors that it can show, by index; all of them, or the outputs only."""
        ...


def interpreter(data: bytes, reference: bool = True) -> Any:
    """Return a TFLite interpreter with its tensors allocated.

    Args:
        data: A verified model.
        reference: Reference kernels, or the fast ones (without XNNPACK).

    Raises:
        ModelInvalid: TFLite cannot run it.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kinds = OpResolverType
    kernels = kinds.BUILTIN_REF if reference else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        made = Interpreter(
            model_content=data,
            num_threads=1,
            experimental_op_resolver_type=kernels,
            experimental_preserve_all_tensors=True,
        )
        made.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelInvalid(
            f"TFLite cannot run this model: {str(error)[:200]}", "see `undertone lint`"
        ) from error
    return made


class Kernels:
    """TFLite on this machine.

    Args:
        data: The model.
        reference: Reference kernels (the contract) or the fast ones.
    """

    def __init__(self, data: bytes, reference: bool = True) -> None:
        self.name = "reference kernels" if reference else "fast kernels"
        self.model: Model = verify_model(data)
        self._interpreter = interpreter(data, reference)

    def tensors(self, inputs: Sequence[Array]) -> Tensors:
        """Run once and return a copy of every computed tensor."""
        graph = self.model.main
        for index, value in zip(graph.inputs, inputs, strict=True):
            self._interpreter.set_tensor(index, value)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelInvalid(f"TFLite stopped: {str(error)[:200]}", "see `undertone lint`") from error
        computed = [t for op in graph.operators for t in op.outputs]
        return {t: self._interpreter.get_tensor(t) for t in computed}


class Recorded:
    """Tensors that were recorded elsewhere (a board, a real Edge TPU), one set per input.

    Args:
        name: Where they come from.
        sets: Tensor index to array, in the order in which the inputs will be given.
    """

    def __init__(self, name: str, sets: Sequence[Mapping[int, Array]]) -> None:
        self.name = name
        self._sets = iter(sets)

    def tensors(self, inputs: Sequence[Array]) -> Tensors:
        """Return the next recorded set."""
        return dict(next(self._sets))


def random_inputs(model: Model, count: int, seed: int = 0) -> list[list[Array]]:
    """Return `count` sets of inputs, uniform over the range of their type."""
    rng = np.random.default_rng(seed)
    return [[_random(rng, model, index) for index in model.main.inputs] for _ in range(count)]


def _random(rng: np.random.Generator, model: Model, index: int) -> Array:
    tensor = model.main.tensors[index]
    shape = tensor.shape
    if tensor.type == "INT8":
        return rng.integers(-128, 128, shape, dtype=np.int8)
    if tensor.type == "UINT8":
        return rng.integers(0, 256, shape, dtype=np.uint8)
    if tensor.type == "FLOAT32":
        return rng.standard_normal(shape).astype(np.float32)
    raise ModelInvalid(f"input {tensor.name} is {tensor.type}", "inputs must be int8, uint8 or float32")
