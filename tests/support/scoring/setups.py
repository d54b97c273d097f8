"""Bundles for every kind of front-end and window, with networks that are made up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, preset
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch
from firmware_bridge.reference.device import ReferenceDevice


@dataclass(frozen=True)
class Setup:
    """A front-end, its windows and the shape of the scores."""

    spec: FrontendSpec
    window_ms: int
    hop_ms: int
    scaling: InputScaling
    labels: int = 4
    keywords: int = 3


NOTCHED = FrontendSpec(
    window_ms=25, step_ms=10, channels=24, dc_notch=DcNotch(), activity=ActivityDetection()
)
SETUPS = {
    # Noise reduction and PCAN remember.
    "micro_speech": Setup(preset("micro_speech"), 1000, 200, InputScaling.fixed_between(0, 700)),
    # Gaps between the windows; as many scores as a device can have.
    "notch, hop longer than window": Setup(NOTCHED, 300, 700, InputScaling.dynamic(40.0, 6), 16, 32),
    # Frames side by side; a window that ends between two frames.
    "odd": Setup(
        FrontendSpec(window_ms=32, step_ms=32, channels=8), 330, 320, InputScaling(kind="span"), 1, 1
    ),
    # The store of features holds exactly one window.
    "a minute": Setup(FrontendSpec(window_ms=32, step_ms=32, channels=8), 60_000, 320, InputScaling(), 2, 2),
    # Three windows end in one chunk.
    "a window at every frame": Setup(
        FrontendSpec(window_ms=25, step_ms=10, channels=10, pcan=None), 100, 10, InputScaling(), 2, 2
    ),
    "yamnet, five seconds": Setup(preset("yamnet"), 5000, 1000, InputScaling(kind="range")),
}


class MadeUpNetwork:
    """The network of bench.c, in Python."""

    def __init__(self, network: int, outputs: int) -> None:
        self.output_shape = (1, outputs)
        self._network, self._places = network, np.arange(outputs, dtype=np.uint32) * 2 + 1

    def run(self, scaled: np.ndarray) -> np.ndarray:
        values = scaled.ravel().astype(np.uint32)
        factors = np.arange(len(values), dtype=np.uint32) * np.uint32(2654435761) + np.uint32(12345)
        total = (values * factors).sum(dtype=np.uint32) + np.uint32(self._network)
        mixed = total * self._places * np.uint32(2246822519)
        return (mixed >> 24).astype(np.uint8).view(np.int8)


def bundle_of(setup: Setup, like: Bundle, directory: Path) -> Bundle:
    """Return a whole bundle whose networks are made up."""
    dice = np.random.default_rng(setup.labels)
    inputs = setup.labels + setup.keywords
    head = FusionHead(
        weight=dice.integers(-3000, 3001, (setup.labels, inputs)).astype(np.int32),
        bias=dice.integers(-100000, 100001, setup.labels).astype(np.int32),
        zero_point=dice.integers(-128, 128, inputs).astype(np.int32),
        shift=11,
        output_scale=0.0625,
    )
    values = setup.spec.frames(setup.window_ms * 16) * setup.spec.channels
    files, models = {}, {}
    for name, outputs in (("acoustic", setup.labels), ("keyword", setup.keywords)):
        files[f"{name}.tflite"] = data = f"a made-up {name} network".encode()
        entry = like.manifest.models[name].model_dump()
        digest, shapes = (
            hashlib.sha256(data).hexdigest(),
            {"input_shape": [1, values], "output_shape": [1, outputs]},
        )
        models[name] = {**entry, "sha256": digest, "bytes": len(data), **shapes}
    changes = {
        "labels": [f"label {i}" for i in range(setup.labels)],
        "keywords": [f"word {i}" for i in range(setup.keywords)],
        "window_ms": setup.window_ms,
        "hop_ms": setup.hop_ms,
        "frontend": setup.spec,
        "table_hash": setup.spec.table_hash,
        "scaling": setup.scaling,
        "fusion": head,
        "models": models,
    }
    manifest = {**like.manifest.model_dump(mode="json"), **changes}
    manifest.pop("files", None)
    return write_bundle(directory, manifest, files)


def reference_of(bundle: Bundle) -> ReferenceDevice:
    """Return the device in Python, with the made-up networks."""
    shapes = {name: model.output_shape[1] for name, model in bundle.manifest.models.items()}
    order = ("acoustic", "keyword")
    with mock.patch(
        "firmware_bridge.reference.device.Int8Network",
        lambda path: MadeUpNetwork(order.index(path.stem), shapes[path.stem]),
    ):
        return ReferenceDevice(bundle)
