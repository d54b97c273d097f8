"""What is known of the chip for a bundle: Edge TPU analysis, M7 stages, memory map. Estimates, with sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware_bridge.bundle import Bundle
from firmware_bridge.evidence import Evidence, Quantity
from hil.observations import Chip, Region

M7_HZ = 792e6
# Instructions per cycle of such integer code from cached memory: expected, low, high.
M7_IPC = (1.0, 0.8, 1.4)
# Stock micro-frontend at -Os on an emulated Cortex-M7: 81.8 k instructions a frame with 32 channels,
# 93.2 k with 64. What is left at no channels is mostly the transform.
FRAME_INSTRUCTIONS, CHANNEL_INSTRUCTIONS = 70_400, 356
# Range scaling of one feature: compare, subtract, multiply, divide, store.
SCALE_INSTRUCTIONS = 25
FUSION_INSTRUCTIONS = 10

KIB = 1024
# Two Edge TPU networks, audio and a TCP server built against the board's SDK, by its map file.
APPLICATION = {"ITCM": 205_476, "DTCM": 213_767, "OCRAM": 86_182}
LIMITS = {
    "ITCM": 260_096,
    "DTCM": 262_144,
    "OCRAM": 1_310_720,
    "SDRAM": 16_777_216,
    "Edge TPU": 8 * KIB * KIB,
}
ARENA_BYTES = 64 * KIB


def describe_chip(bundle: Bundle, frames: int, channels: int) -> Chip:
    """Return what is known of the chip for a bundle.

    Args:
        bundle: Its networks are analysed; together, as they share the Edge TPU's memory.
        frames: Feature frames in a window.
        channels: Feature channels.
    """
    from edgetpu_models.analyse import analyse

    models = bundle.manifest.models
    paths = {name: bundle.path(models[name]) for name in ("acoustic", "keyword")}
    together = analyse(list(paths.values()))
    stages = m7_stages(bundle, frames, channels)
    for name, network in zip(paths, together.networks, strict=True):
        stages[f"{name} network"] = network.latency
    order = ("features", "scaling", "acoustic network", "keyword network", "fusion")
    return Chip(
        ops_off_tpu=int(together.ops_on_cpu),
        cached_bytes=int(together.on_chip_bytes),
        streamed_bytes=int(together.off_chip_bytes),
        stages_ms={name: stages[name] for name in order},
        regions=memory_map(bundle, frames, channels, int(together.on_chip_bytes)),
        source="rules read off real compiled models (`undertone analyse`)",
    )


def m7_stages(bundle: Bundle, frames: int, channels: int) -> dict[str, Quantity]:
    """Return the stages that the Cortex-M7 computes after the last sample of a window.

    Features are computed as samples come, so only the last frame is left to do then.
    """
    inputs = len(bundle.manifest.labels) + len(bundle.manifest.keywords)
    values = frames * channels
    frame = FRAME_INSTRUCTIONS + CHANNEL_INSTRUCTIONS * channels
    counts = {
        "features": (frame, f"last frame: {frame:,} instructions, as counted on an emulated Cortex-M7"),
        "scaling": (
            SCALE_INSTRUCTIONS * values,
            f"{values:,} features, {SCALE_INSTRUCTIONS} instructions each",
        ),
        "fusion": (FUSION_INSTRUCTIONS * inputs * len(bundle.manifest.labels), "one multiply-add per weight"),
    }
    return {name: _m7_time(count, source) for name, (count, source) in counts.items()}


def _m7_time(instructions: int, source: str) -> Quantity:
    middle, fast, slow = (1e3 * instructions / M7_HZ / ipc for ipc in (M7_IPC[0], M7_IPC[2], M7_IPC[1]))
    rate = f"{M7_HZ / 1e6:.0f} MHz at {M7_IPC[1]} to {M7_IPC[2]} instructions per cycle"
    return Quantity(middle, "ms", Evidence.ESTIMATED, interval=(fast, slow), source=f"{source}; {rate}")


def memory_map(bundle: Bundle, frames: int, channels: int, cached_bytes: int) -> tuple[Region, ...]:
    """Return the board's memories and what lies in them.

    Models are read from flash into SDRAM, where the interpreter and the Edge TPU's driver use them in
    place; samples and features of a window lie beside them.
    """
    manifest = bundle.manifest
    samples = manifest.window_ms * 16
    parts: dict[str, Mapping[str, int]] = {name: {"application": used} for name, used in APPLICATION.items()}
    parts["SDRAM"] = {
        **{f"{name} network": model.bytes for name, model in manifest.models.items()},
        "arenas": ARENA_BYTES,
        "samples": 2 * samples,
        "features": 3 * frames * channels,
        "fusion": fusion_bytes(manifest.fusion),
    }
    parts["Edge TPU"] = {"parameters": cached_bytes}
    built = "map file of a two-network application built against the board's SDK"
    sources = dict.fromkeys(APPLICATION, built) | {
        "SDRAM": "model files, two arenas, one window of samples and features",
        "Edge TPU": "parameter rules read off real compiled models",
    }
    return tuple(
        Region(name, LIMITS[name], parts[name], Evidence.ESTIMATED, sources[name]) for name in LIMITS
    )


def fusion_bytes(fusion: Mapping[str, Any]) -> int:
    """Return the bytes of a fusion head on the chip: int16 weights, int32 biases, int8 zero points."""
    weights = fusion["weight"]
    return sum(2 * len(row) for row in weights) + 4 * len(fusion["bias"]) + len(fusion["zero_point"])
