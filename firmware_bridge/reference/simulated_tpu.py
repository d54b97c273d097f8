"""A stand-in for the Edge TPU: TFLite's reference int8 kernels on the host.

The reference kernels are identical across runtimes and round as the board's own interpreter does.
The real chip may differ from them: every figure that rests on this module is `simulated`.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking, ModelInvalid

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _runtime() -> Any:
    """Return the first interpreter module that is installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise EnvironmentLacking(
        "no TFLite runtime is installed", "run `make setup`, or install ai-edge-litert (or tflite-runtime)"
    )


class Int8Network:
    """One int8 network with one input and one output, run by the reference kernels.

    Attributes:
        input_shape: Shape of the input, batch first.
        output_shape: Shape of the output, batch first.
        input_scale: Real value of one input step.
        input_zero_point: Input step that means 0.
        output_scale: Real value of one output step.
        output_zero_point: Output step that means 0.
    """

    def __init__(self, model: Path | bytes) -> None:
        """Load a network.

        Args:
            model: A `.tflite` file or its bytes.

        Raises:
            ModelInvalid: It is not a readable int8 network with one input and one output.
            EnvironmentLacking: No TFLite runtime is installed.
        """
        runtime = _runtime()
        try:
            content = model if isinstance(model, bytes) else model.read_bytes()
        except OSError as error:
            raise ModelInvalid(f"the network cannot be read: {error}", "build it again") from error
        reference = runtime.OpResolverType.BUILTIN_REF
        try:
            self._interpreter = runtime.Interpreter(
                model_content=content, experimental_op_resolver_type=reference, num_threads=1
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelInvalid(f"the network cannot be loaded: {error}", "build it again") from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1 or {inputs[0]["dtype"], outputs[0]["dtype"]} != {np.int8}:
            raise ModelInvalid(
                "the network must have one int8 input and one int8 output",
                "convert it with full-integer quantisation, input and output int8 (see quantize/README.md)",
            )
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self.input_shape = tuple(int(v) for v in inputs[0]["shape"])
        self.output_shape = tuple(int(v) for v in outputs[0]["shape"])
        self.input_scale, self.input_zero_point = _quantisation(inputs[0])
        self.output_scale, self.output_zero_point = _quantisation(outputs[0])

    def run(self, features: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the int8 output for one input.

        Args:
            features: int8 with as many values as the input; any shape.

        Returns:
            int8[values of the output], flat.

        Raises:
            ModelInvalid: The input does not have the network's size.
        """
        if features.size != int(np.prod(self.input_shape)) or features.dtype != np.int8:
            raise ModelInvalid(
                f"input {features.dtype}{list(features.shape)} does not fit the network's int8{list(self.input_shape)}",
                "use the front-end that the bundle names",
            )
        self._interpreter.set_tensor(self._input, features.reshape(self.input_shape))
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._output), np.int8).reshape(-1).copy()

    def run_all(self, batch: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return int8[n, values] for inputs int8[n, ...], one after the other."""
        return np.stack([self.run(one) for one in batch])


def _quantisation(details: dict[str, Any]) -> tuple[float, int]:
    """Return a tensor's per-tensor scale and zero point."""
    scale, zero_point = details["quantization"]
    if not scale > 0:
        raise ModelInvalid("a network input or output has no quantisation scale", "convert it again")
    return float(scale), int(zero_point)
