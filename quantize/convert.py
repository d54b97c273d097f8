"""A trained Keras network to a full-integer int8 `.tflite`."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.base.settings import Settings

# A tensor that is 0 on all calibration windows gets steps of 8e-9; the runtime's ADD then aborts the process.
DEAD_STEP = 1e-7


class CalibrationSettings(Settings):
    """The calibration recipe: which windows decide the ranges of the activations.

    Attributes:
        windows: How many windows, drawn from the training speakers' views.
        seed: Seed of that draw.
    """

    windows: int = Field(default=200, ge=1)
    seed: int = 20251120


@contextlib.contextmanager
def quiet_converter() -> Iterator[None]:
    """Silence the converter: it announces a temporary folder on stdout, and its C++ part chats on stderr.

    Its errors come as exceptions all the same.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def choose_windows(views: NDArray[np.int8], settings: CalibrationSettings) -> NDArray[np.int8]:
    """Draw the calibration windows.

    Args:
        views: int8[views, clips, frames, channels] of training speakers.
        settings: How many, and the seed.

    Returns:
        int8[windows, frames, channels]. The first holds both ends of the input range in its corner, so
        that the input's scale is exactly one feature step.
    """
    rng = np.random.default_rng(settings.seed)
    total = views.shape[0] * views.shape[1]
    picked = np.sort(rng.choice(total, min(settings.windows, total), replace=False))
    chosen: NDArray[np.int8] = np.stack(
        [views[index // views.shape[1], index % views.shape[1]] for index in picked]
    )
    chosen[0, 0, 0], chosen[0, 0, 1] = -128, 127
    return chosen


def to_int8(model: Any, windows: NDArray[np.int8], input_scale: float) -> bytes:
    """Convert a network with full-integer quantisation, int8 in and out.

    Args:
        model: A `keras.Model` with a fixed batch of one, float32 [1, frames, channels, 1] in.
        windows: int8[n, frames, channels], the calibration windows.
        input_scale: Real value of one feature step.

    Returns:
        The `.tflite` file. The same weights, layer names and windows give the same bytes.

    Raises:
        ModelInvalid: Some activation was 0 on every calibration window.
    """
    import tensorflow as tf

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for window in windows:
            yield [window.astype(np.float32)[None, ..., None] * np.float32(input_scale)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    # Per-channel dense layers are wrong in the board's interpreter; none is used, and none may slip in.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    with quiet_converter():
        converted: bytes = converter.convert()
    _refuse_dead(converted)
    return converted


def _refuse_dead(content: bytes) -> None:
    """Raise `ModelInvalid` when an activation of a converted network has no range."""
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    for tensor in (graph.tensors[index] for operator in graph.operators for index in operator.outputs):
        steps = getattr(tensor.quantization, "scale", None)
        if steps is not None and max(steps) < DEAD_STEP:
            name = tensor.name.decode()
            raise ModelInvalid(
                f"nothing ever comes out of '{name}': it was 0 on every calibration window",
                "train longer, or calibrate on more windows ([calibration] in the recipe)",
            )
