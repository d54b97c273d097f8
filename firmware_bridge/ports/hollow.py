"""A bundle without real networks, and a far side of the mailbox that takes them: for what the processor does itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from firmware_bridge.base.files import write_bytes
from firmware_bridge.contract.bundle import Bundle, Manifest, ModelFile
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling
from firmware_bridge.ports.networks import LOADED

LABELS, KEYWORDS = 2, 3
NETWORK_BYTES = 16


def hollow_bundle(
    folder: Path,
    spec: FrontendSpec,
    window_ms: int,
    hop_ms: int,
    labels: int = LABELS,
    keywords: int = KEYWORDS,
) -> Bundle:
    """Return a bundle whose networks are a few bytes of nothing. It is no folder that can be loaded.

    Args:
        folder: Where the networks are written.
        spec: The front-end.
        window_ms: Length of a window, whole frames of it.
        hop_ms: Distance between windows, whole frames.
        labels: How many.
        keywords: How many.
    """
    values = spec.frames(window_ms * spec.sample_rate_hz // 1000) * spec.channels
    outputs = {"acoustic": labels, "keyword": keywords}
    models = {name: _network(folder, name, values, count) for name, count in outputs.items()}
    fields: dict[str, Any] = {
        "labels": [f"label {i}" for i in range(labels)],
        "keywords": [f"word {i}" for i in range(keywords)],
        "window_ms": window_ms,
        "hop_ms": hop_ms,
        "frontend": spec,
        "table_hash": spec.table_hash,
        "scaling": InputScaling(kind="range"),
        "models": models,
        "fusion": _head(labels, labels + keywords),
    }
    return Bundle(folder, Manifest.model_construct(**fields), hashlib.sha256(b"hollow").hexdigest())


def _network(folder: Path, name: str, inputs: int, outputs: int) -> ModelFile:
    data = name.encode().ljust(NETWORK_BYTES, b".")
    write_bytes(folder / f"{name}.tflite", data)
    return ModelFile(
        file=f"{name}.tflite",
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        parameters=0,
        input_shape=[1, inputs],
        output_shape=[1, outputs],
        input_scale=1.0,
        input_zero_point=0,
        output_scale=0.5,
        output_zero_point=0,
    )


def _head(labels: int, inputs: int) -> FusionHead:
    fields = {
        "weight": [[100 * (row - column) for column in range(inputs)] for row in range(labels)],
        "bias": [7 * row for row in range(labels)],
        "zero_point": [0] * inputs,
        "shift": 8,
        "output_scale": 0.1,
    }
    return FusionHead.model_validate(fields)


class HollowNetworks:
    """Takes any file for a network, and gives zeros."""

    def unload(self, index: int) -> None:
        """Nothing is kept."""

    def load(self, index: int, model: bytes, inputs: int, outputs: int) -> int:
        """Return LOADED."""
        return LOADED

    def infer(self, index: int, given: bytes, outputs: int) -> bytes:
        """Return zeros."""
        return bytes(outputs)
