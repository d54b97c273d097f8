"""Tensors that a device recorded, from a `.npz` file: `input_0`, `input_1`, … and `SET_TENSOR` arrays."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from edgetpu_models.format.model import Model
from edgetpu_models.numeric.executors import Array, Recorded, Tensors
from firmware_bridge.base.errors import InvalidSetting

_REMEDY = "write it with numpy.savez: input_0, input_1, … and SET_TENSOR (0_17) for every recorded tensor"


def read_recorded(path: Path, model: Model) -> tuple[Recorded, list[list[Array]]]:
    """Return the recorded tensors as an executor, and the inputs that they belong to.

    Args:
        path: The `.npz`; models with one input only.
        model: Gives shapes and types.

    Raises:
        InvalidSetting: Unreadable, without inputs, or of other shapes.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise InvalidSetting(f"{path} cannot be read: {error}", _REMEDY) from error
    if len(model.main.inputs) != 1:
        raise InvalidSetting(
            f"the model has {len(model.main.inputs)} inputs", "record one with a single input"
        )
    wanted = model.main.tensors[model.main.inputs[0]].shape
    inputs: list[list[Array]] = []
    sets: list[Tensors] = []
    while f"input_{len(inputs)}" in arrays:
        number = len(inputs)
        value = arrays[f"input_{number}"]
        if value.shape != wanted:
            raise InvalidSetting(f"input_{number} has shape {value.shape}, the model wants {wanted}", _REMEDY)
        inputs.append([value])
        names = (re.fullmatch(rf"{number}_([0-9]+)", name) for name in arrays)
        sets.append({int(m.group(1)): arrays[m.group(0)] for m in names if m})
    if not inputs or not all(sets):
        raise InvalidSetting(f"{path} holds {len(inputs)} inputs, some without tensors", _REMEDY)
    return Recorded(path.name, sets), inputs
