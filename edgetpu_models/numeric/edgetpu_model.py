"""The executor `edgetpu-model`: a network under the chip's arithmetic as compiled files show it.

Its evidence is `modelled`: above an estimate, below a measurement. `edgetpu_models.numeric.chip_arithmetic` says what
is known and what is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgetpu_models.format.model import Operator
from edgetpu_models.numeric.chip_arithmetic import STEPS, Step, Unknowns, constants_of
from edgetpu_models.numeric.executors import Array, Tensors
from edgetpu_models.program.constants import Requant
from edgetpu_models.program.matching import Matching
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, ModelInvalid


class EdgeTpuModel:
    """Runs an 8-bit network operation by operation.

    Args:
        data: The int8 or uint8 model.
        unknowns: Choices for what records do not say.
        records: Constants read from a compiled file, by (operation, formula); from the model's scales otherwise.

    Raises:
        InvalidSetting: An operation's arithmetic is not known.
    """

    def __init__(
        self,
        data: bytes,
        unknowns: Unknowns | None = None,
        records: Mapping[tuple[int, str], Requant] | None = None,
    ) -> None:
        self.unknowns = unknowns or Unknowns()
        self.name = f"edgetpu-model ({self.unknowns.name})"
        self.graph = verify_model(data).main
        unknown = sorted({op.op for op in self.graph.operators if not _known(op)})
        if unknown:
            raise InvalidSetting(
                f"the chip's arithmetic of {', '.join(unknown)} is not known",
                f"known are: {', '.join(sorted(STEPS))}",
            )
        self._constants = {
            op.index: constants_of(self.graph, op, records or {}) for op in self.graph.operators
        }

    def tensors(self, inputs: Sequence[Array]) -> Tensors:
        """Run once and return every computed tensor, in the model's own types."""
        known: Tensors = dict(zip(self.graph.inputs, inputs, strict=True))
        for op in self.graph.operators:
            known[op.outputs[0]] = self.layer(op, known)
        return {t: known[t] for op in self.graph.operators for t in op.outputs}

    def layer(self, op: Operator, known: Tensors) -> Array:
        """Compute one operation from tensors that are known."""
        out = self.graph.outs(op)[0]
        fed = [known[t.index] for t in self.graph.activations(op)]
        if out.type not in ("INT8", "UINT8") or any(t.type != out.type for t in self.graph.activations(op)):
            return self._boundary(op, fed)
        values = STEPS[op.op](Step(self.graph, op, self._constants[op.index], self.unknowns), fed)
        if out.type == "INT8":
            return (values - 128).astype(np.int8).reshape(out.shape)
        return values.astype(np.uint8).reshape(out.shape)

    def _boundary(self, op: Operator, fed: list[Array]) -> Array:
        """Change the type at the edge of the network: on the CPU for float, a moved zero point for uint8 and int8."""
        data, out = self.graph.activations(op)[0], self.graph.outs(op)[0]
        a, b = data.quantization, out.quantization
        if op.op == "DEQUANTIZE":
            real = (fed[0].astype(np.float64) - a.zero_point) * a.scale
            return np.asarray(real, np.float32).reshape(out.shape)
        if op.op != "QUANTIZE":
            raise ModelInvalid(f"operation {op.index} ({op.op}) mixes types", "convert the model again")
        low, high, kind = (-128, 127, np.int8) if out.type == "INT8" else (0, 255, np.uint8)
        if data.type == "FLOAT32":
            steps = np.rint(fed[0].astype(np.float64) / b.scale) + b.zero_point
            return np.asarray(np.clip(steps, low, high).astype(kind).reshape(out.shape))
        values = STEPS["QUANTIZE"](Step(self.graph, op, self._constants[op.index], self.unknowns), fed)
        return np.asarray((values - (128 if out.type == "INT8" else 0)).astype(kind).reshape(out.shape))


def _known(op: Operator) -> bool:
    return op.op in STEPS or op.op == "DEQUANTIZE"


def read_constants(matching: Matching) -> dict[tuple[int, str], Requant]:
    """Return the constants of a compiled file's records by (operation, formula).

    Records that no formula explains count for the weighted operation that they are one value away from: so a wrong
    constant in a compiled file shows as a wrong layer.
    """
    found: dict[tuple[int, str], Requant] = {}
    for e in matching.explained:
        for owner in e.owners:
            r = e.record
            found.setdefault(owner, Requant(r.m, r.hi, r.lo, r.x, r.zero))
    for stray in matching.strays:
        if stray.near >= 0:
            r = stray.record
            found[stray.near, "weighted"] = Requant(r.m, r.hi, r.lo, r.x, r.zero)
    return found
