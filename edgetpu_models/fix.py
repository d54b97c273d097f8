"""Apply the safe rewrites to a model, one by one, each with a proof that the outputs stay the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgetpu_models.format.edit import open_model, pack
from edgetpu_models.format.reader import load
from edgetpu_models.numeric.executors import Kernels, random_inputs
from edgetpu_models.rewrites import REWRITES
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import CheckFailed

PROOF_INPUTS = 16


@dataclass(frozen=True)
class Repair:
    """A rewritten model.

    Attributes:
        data: Its bytes; the original's where no rewrite applies.
        applied: One line per change.
        refused: One line per rewrite that would have changed an output.
        proof_inputs: On how many random inputs its outputs were compared, bit by bit.
    """

    data: bytes
    applied: list[str]
    refused: list[str]
    proof_inputs: int


def fix(source: Path | bytes, seed: int = 0) -> Repair:
    """Rewrite a model where that is safe.

    Args:
        source: An int8 `.tflite`.
        seed: For the inputs of the proof.

    Raises:
        ModelInvalid: It is damaged, or TFLite cannot run it.
    """
    data = bytes(load(source))
    verify_model(data)
    applied: list[str] = []
    refused: list[str] = []
    for rewrite in REWRITES:
        model = open_model(data)
        lines = rewrite(model)
        if not lines:
            continue
        changed = pack(model)
        try:
            prove(data, changed, seed)
        except CheckFailed as error:
            refused += [f"{line}: refused, {error.what}" for line in lines]
        else:
            applied += lines
            data = changed
    return Repair(data, applied, refused, PROOF_INPUTS if applied else 0)


def prove(original: bytes, changed: bytes, seed: int = 0) -> None:
    """Compare the outputs of two models on random inputs, with the reference kernels.

    Raises:
        CheckFailed: They differ.
    """
    first, second = Kernels(original), Kernels(changed)
    for number, inputs in enumerate(random_inputs(first.model, PROOF_INPUTS, seed)):
        before, after = first.tensors(inputs), second.tensors(inputs)
        outputs = zip(first.model.main.outputs, second.model.main.outputs, strict=True)
        for place, (a, b) in enumerate(outputs):
            if not np.array_equal(before[a], after[b]):
                raise CheckFailed(
                    f"a rewrite changed output {place} on random input {number}",
                    "keep the original and report this",
                )
