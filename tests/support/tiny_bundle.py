"""A bundle that is small but whole: real front-end, two real int8 networks of one layer, a fusion head."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from hil.rig.run import Segment

LABELS = ["angry", "calm", "happy"]
KEYWORDS = ["none", "bed"]
SPEC = FrontendSpec(window_ms=25, step_ms=10, channels=16, noise_reduction=None, pcan=None)
FRAMES = 48  # 500 ms
OUTPUT_SCALE = 0.25


def one_layer(outputs: int, seed: int, weights: np.ndarray | None = None) -> bytes:
    """Return an int8 network: one fully connected layer over all features, int8[outputs, features] drawn by seed."""
    from ai_edge_litert import schema_py_generated as schema

    inputs = FRAMES * SPEC.channels
    if weights is None:
        weights = np.random.default_rng(seed).integers(-127, 128, (outputs, inputs)).astype(np.int8)

    def tensor(name: str, shape: list[int], kind: int, buffer: int, scale: float) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name.encode(), shape, kind, buffer
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
        return made

    def buffer(data: bytes = b"") -> Any:
        made = schema.BufferT()
        made.data = np.frombuffer(data, np.uint8) if data else None
        return made

    layer = schema.OperatorT()
    layer.opcodeIndex, layer.inputs, layer.outputs = 0, [0, 1, -1], [2]
    layer.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    layer.builtinOptions = schema.FullyConnectedOptionsT()
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 4
    graph = schema.SubGraphT()
    int8 = schema.TensorType.INT8
    graph.tensors = [
        tensor("features", [1, inputs], int8, 1, 7 / 255),
        tensor("weights", [outputs, inputs], int8, 2, 0.002),
        tensor("scores", [1, outputs], int8, 3, OUTPUT_SCALE),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [layer]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [buffer(), buffer(), buffer(weights.tobytes()), buffer()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def manifest_entry(file: str, data: bytes, outputs: int) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "parameters": FRAMES * SPEC.channels * outputs,
        "input_shape": [1, FRAMES * SPEC.channels],
        "output_shape": [1, outputs],
        "input_scale": 7 / 255,
        "input_zero_point": 0,
        "output_scale": OUTPUT_SCALE,
        "output_zero_point": 0,
    }


def head(weights: np.ndarray, inputs: int) -> dict[str, Any]:
    scales, zeros = np.full(inputs, OUTPUT_SCALE), np.zeros(inputs, np.int32)
    return FusionHead.from_float(weights, np.zeros(len(LABELS)), scales, zeros, 30.0).model_dump(mode="json")


def make_manifest(**changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return manifest and files of a bundle for 500 ms windows, 250 ms hop; `changes` replace fields."""
    acoustic, keyword = one_layer(len(LABELS), 1), one_layer(len(KEYWORDS), 2)
    vote = np.array([[0.1, 0.4], [0.2, -0.3], [-0.3, 0.1]])
    figures = {
        "int8_agreement": {
            "value": 99.0,
            "unit": "%",
            "evidence": "simulated",
            "n": 100,
            "interval": None,
            "source": "float and int8 on validation clips",
        }
    }
    manifest: dict[str, Any] = {
        "name": "tiny",
        "labels": LABELS,
        "keywords": KEYWORDS,
        "window_ms": 500,
        "hop_ms": 250,
        "frontend": SPEC.model_dump(mode="json"),
        "table_hash": MicroFrontend(SPEC).spec.table_hash,
        "scaling": InputScaling(kind="range").model_dump(mode="json"),
        "models": {
            "acoustic": manifest_entry("acoustic.tflite", acoustic, len(LABELS)),
            "keyword": manifest_entry("keyword.tflite", keyword, len(KEYWORDS)),
        },
        "fusion": head(np.hstack([np.eye(len(LABELS)), vote]), len(LABELS) + len(KEYWORDS)),
        "keyword_vote": head(vote, len(KEYWORDS)),
        "corpus": {"emotions": "made up"},
        "split": {
            "train": ["anna", "ben"],
            "validation": ["cleo"],
            "test": ["dan", "eve", "finn"],
            "hash": "0" * 64,
        },
        "recipe": {},
        "figures": figures,
        "licences": [],
        "evidence": "synthetic",
        "git_revision": "none",
    }
    return manifest | changes, {"acoustic.tflite": acoustic, "keyword.tflite": keyword}


def ravdess_manifest(**changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the same for speakers of RAVDESS and real speech, without figures."""
    split = {
        "train": ["ravdess/01", "ravdess/02"],
        "validation": ["ravdess/03"],
        "test": ["ravdess/04", "ravdess/05"],
        "hash": "0" * 64,
    }
    licence = {"name": "ravdess", "kind": "corpus", "licence": "L", "attribution": "A", "commercial": False}
    fields = {
        "corpus": {"ravdess": "f" * 64, "speech_commands": "e" * 64},
        "split": split,
        "figures": {},
        "licences": [licence],
        "evidence": "real",
    }
    return make_manifest(**fields | changes)


def fitted(pcm: list[np.ndarray], truth: list[int]) -> np.ndarray:
    """Return int8[labels, features] with which `one_layer` tells a few clips apart: a least squares fit."""
    frontend, scaling = MicroFrontend(SPEC), InputScaling(kind="range")
    padded = [np.pad(clip, (0, max(0, 8000 - len(clip)))) for clip in pcm]
    rows = np.stack([scaling.apply(frontend.process(clip)[:FRAMES]).reshape(-1) for clip in padded])
    wanted = 2.0 * np.eye(len(LABELS))[truth] - 1
    solved = np.linalg.lstsq(rows.astype(np.float64), wanted, rcond=None)[0].T
    return np.round(solved / np.abs(solved).max() * 127).astype(np.int8)


def with_acoustic(content: bytes, **changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return `ravdess_manifest` with another acoustic network."""
    manifest, files = ravdess_manifest(**changes)
    files["acoustic.tflite"] = content
    entry = manifest_entry("acoustic.tflite", content, len(LABELS))
    manifest["models"] = manifest["models"] | {"acoustic": entry}
    return manifest, files


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The bundle in a folder of its own; three labels, two keywords."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "tiny", *make_manifest())


@pytest.fixture(scope="session")
def bundle_path(bundle: Bundle) -> Path:
    return bundle.directory


@pytest.fixture(scope="session")
def segments() -> list[Segment]:
    """Twelve short clips of three speakers that were not trained on."""
    dice = np.random.default_rng(3)
    made = []
    for index in range(12):
        time = np.arange(4000 + 1000 * (index % 9)) / 16000
        tone = 4000 * np.sin(2 * np.pi * (200 + 150 * (index % 3)) * time) * np.exp(-2 * time)
        pcm = (tone + dice.normal(0, 60, len(time))).astype(np.int16)
        speaker = ("dan", "eve", "finn")[index % 3]
        made.append(Segment(f"clip{index:02}", pcm, index // 4, speaker, "bed" if index % 2 else None))
    return made
