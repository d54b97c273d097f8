"""Cutting an encoder after a layer, and what that saves (Mitra et al., Table 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.base.errors import ModelInvalid
from firmware_bridge.base.files import atomic_path, sha256_file
from firmware_bridge.base.paths import ROOT
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from train.foundation.encoder import Encoder
from train.foundation.graph import load_graph

CUTS = ROOT / "build" / "foundation" / "cuts"


def cut_file(source: Path, outputs: Sequence[str], folder: Path = CUTS) -> Path:
    """Return `source` without whatever none of `outputs` needs, as a file of its own.

    Args:
        source: An ONNX file.
        outputs: Which of its outputs to keep; the last one is where it is cut.
        folder: Where the result is kept; a result that is there is used again.

    Raises:
        ModelInvalid: The file cannot be cut there.
    """
    import onnx

    target = folder / f"{sha256_file(source)[:16]}-{outputs[-1]}-{len(outputs)}.onnx"
    if target.is_file():
        return target
    inputs = [each.name for each in load_graph(source).graph.input]
    with atomic_path(target) as temporary:
        try:
            onnx.utils.extract_model(str(source), str(temporary), inputs, list(outputs))
        except (ValueError, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as problem:
            raise ModelInvalid(
                f"{source.name} cannot be cut after {outputs[-1]}: {problem}", "export it again, opset 17"
            ) from problem
    return target


@dataclass(frozen=True)
class Saved:
    """What cutting an encoder after a layer saves, for a clip of `seconds`.

    Attributes:
        encoder: Its name.
        layer: Where it is cut.
        seconds: Length of the clip; attention grows with its square.
        multiply_adds: What the cut encoder costs.
        multiply_adds_whole: What the whole one costs.
        parameters: Parameters that are left.
        parameters_whole: Parameters of the whole encoder.
    """

    encoder: str
    layer: str
    seconds: float
    multiply_adds: int
    multiply_adds_whole: int
    parameters: int
    parameters_whole: int

    @property
    def compute_saved(self) -> float:
        """Share of the whole encoder's multiply-adds that the cut saves."""
        return 1.0 - self.multiply_adds / self.multiply_adds_whole

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**asdict(self), "compute_saved": self.compute_saved}


def saved_by_cut(encoder: Encoder, layer: str, seconds: float = 5.0) -> Saved:
    """Return what cutting `encoder` after `layer` saves for clips of `seconds`."""
    samples, last = round(seconds * SAMPLE_RATE_HZ), encoder.layers[-1]
    return Saved(
        encoder=encoder.about.name,
        layer=layer,
        seconds=seconds,
        multiply_adds=encoder.multiply_adds(layer, samples),
        multiply_adds_whole=encoder.multiply_adds(last.name, samples),
        parameters=encoder.parameters_up_to(layer),
        parameters_whole=last.parameters,
    )


def largest_difference(encoder: Encoder, layer: str, seconds: float = 1.0, seed: int = 0) -> float:
    """Return by how much `layer` of the cut encoder differs from the whole one's, on noise; 0.0 is bit-equal."""
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    whole = encoder.encode([noise], [layer])[0][layer]
    alone = encoder.cut(layer).encode([noise], [layer])[0][layer]
    return float(np.abs(whole - alone).max())
