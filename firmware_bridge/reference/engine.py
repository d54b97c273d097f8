"""The reference device behind the protocol: a bundle's answers, computed in NumPy and reference kernels."""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.base.evidence import Evidence
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol.engine import Identity, MemoryMarks
from firmware_bridge.protocol.server import DeviceServer
from firmware_bridge.reference.device import ReferenceDevice

BUILD = "reference device 1"


def bundle_identity(bundle: Bundle, build: str = BUILD) -> Identity:
    """Return what a device with this bundle answers to `hello`.

    Args:
        bundle: The bundle.
        build: Name of the program or firmware.

    Raises:
        InvalidSetting: The bundle's windows do not begin on a frame, or hold none.
    """
    manifest = bundle.manifest
    windowing, spec = manifest.windowing, manifest.frontend
    acoustic, keyword = manifest.models["acoustic"], manifest.models["keyword"]
    return Identity(
        build=build,
        bundle=bundle.id,
        evidence=Evidence.SIMULATED.value,
        labels=len(manifest.labels),
        keywords=len(manifest.keywords),
        window_samples=windowing.window_samples,
        hop_samples=windowing.hop_samples,
        frames=windowing.frames_of(spec)[0],
        channels=spec.channels,
        scales={
            "acoustic": (acoustic.output_scale, acoustic.output_zero_point),
            "keyword": (keyword.output_scale, keyword.output_zero_point),
            "fused": (manifest.fusion.output_scale, 0),
        },
        frontend=manifest.table_hash,
        acoustic_sha256=acoustic.sha256,
        keyword_sha256=keyword.sha256,
    )


def reference_server(bundle: Bundle, memory: Callable[[], MemoryMarks] = MemoryMarks) -> DeviceServer:
    """Return a device that answers for a bundle: every port must give these answers.

    Args:
        bundle: The bundle.
        memory: Reads memory marks.
    """
    return DeviceServer(ReferenceDevice(bundle), bundle_identity(bundle), memory)
