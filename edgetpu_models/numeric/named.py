"""The executors by name: what `agree`, `bisect` and `evaluate` can be asked for."""

from __future__ import annotations

from edgetpu_models.numeric.edgetpu_model import EdgeTpuModel, read_constants
from edgetpu_models.numeric.executors import Executor, Kernels
from edgetpu_models.provenance.check import study
from firmware_bridge.base.errors import UnknownName

EXECUTORS: dict[str, str] = {
    "reference": "TFLite's reference kernels: the contract (simulated)",
    "fast": "TFLite's fast kernels (simulated)",
    "edgetpu-model": "the chip's arithmetic as compiled files show it (modelled)",
}


def executor(name: str, data: bytes) -> Executor:
    """Return an executor of a model.

    Raises:
        UnknownName: No such executor.
        InvalidSetting: It cannot run this model.
    """
    if name == "edgetpu-model":
        return EdgeTpuModel(data)
    if name in EXECUTORS:
        return Kernels(data, reference=name == "reference")
    raise UnknownName("executor", name, EXECUTORS)


def with_records(data: bytes, compiled: bytes) -> tuple[Executor, Executor]:
    """Return the chip's arithmetic with a model's own scales, and the same with a compiled file's records.

    Where both are equal in every layer, the file computes this network; a wrong constant in a record shows as the
    first layer that differs.

    Raises:
        ModelInvalid: A file is damaged or of the wrong kind.
        InvalidSetting: The chip's arithmetic of an operation is not known.
    """
    ours, theirs = (
        EdgeTpuModel(data),
        EdgeTpuModel(data, records=read_constants(study(data, compiled).matching)),
    )
    theirs.name = "edgetpu-model with the records of the compiled file"
    return ours, theirs
