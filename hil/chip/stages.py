"""What is known of the chip for a bundle: its Edge TPU, the Cortex-M7's stages, the memories. All with sources."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.contract.image import ARENA_FLOOR
from firmware_bridge.contract.image_header import padded
from firmware_bridge.ports.sources import CAPTURE_SAMPLES
from firmware_bridge.protocol import LIMITS as WIRE
from hil.chip.networks import BRANCHES, describe_networks
from hil.rig.observations import Chip, Region

M7_HZ = 792e6
# Instructions per cycle of such integer code from cached memory: expected, low, high.
M7_IPC = (1.0, 0.8, 1.4)
# Our own core on the emulated Cortex-M7 (`undertone hil --dut twin` counts them again): 40.5 k instructions a
# frame with 64 channels, 35.6 k with 32; noise reduction and gain control add 129 a channel.
FRAME_INSTRUCTIONS, CHANNEL_INSTRUCTIONS, LEVEL_INSTRUCTIONS = 30_700, 153, 129
# Range scaling of one feature; one weight of the fusion head.
SCALE_INSTRUCTIONS, FUSION_INSTRUCTIONS = 15, 10
COUNTED = "counted on the emulated Cortex-M7"

KIB = 1024
# `undertone build --port coralmicro`, by the linker's map: the SDK at c9f665b, GCC 12, front-end of 64 channels.
APPLICATION = {"ITCM": 229_192, "DTCM": 198_280, "OCRAM": 73_064}
LIMITS = {
    "ITCM": 260_096,
    "DTCM": 262_144,
    "OCRAM": 1_310_720,
    "SDRAM": 33_554_432,
    "Edge TPU": 8 * KIB * KIB,
}


def describe_chip(bundle: Bundle, frames: int, channels: int) -> Chip:
    """Return what is known of the chip for a bundle.

    Args:
        bundle: Its compiled networks are read where it has them; else the originals are analysed.
        frames: Feature frames in a window.
        channels: Feature channels.
    """
    networks = describe_networks(bundle)
    stages = m7_stages(bundle, frames, channels)
    stages |= {f"{name} network": networks.latency_ms[name] for name in BRANCHES}
    order = ("features", "scaling", "acoustic network", "keyword network", "fusion")
    return Chip(
        ops_off_tpu=networks.ops_off_tpu,
        cached_bytes=networks.cached_bytes,
        streamed_bytes=networks.streamed_bytes,
        stages_ms={name: stages[name] for name in order},
        regions=memory_map(bundle, frames, channels, networks.cached_bytes, networks.file_bytes),
        source=networks.source,
        evidence=networks.evidence,
    )


def m7_stages(bundle: Bundle, frames: int, channels: int) -> dict[str, Quantity]:
    """Return the stages that the Cortex-M7 computes after the last sample of a window.

    Features are computed as samples come, so only the frames of the last chunk are left to do then.
    """
    spec = bundle.manifest.frontend
    inputs = len(bundle.manifest.labels) + len(bundle.manifest.keywords)
    values = frames * channels
    levels = LEVEL_INSTRUCTIONS if spec.pcan is not None and spec.noise_reduction is not None else 0
    frame = FRAME_INSTRUCTIONS + (CHANNEL_INSTRUCTIONS + levels) * channels
    last = math.ceil(WIRE["chunk_samples"] / (spec.step_ms * spec.sample_rate_hz // 1000))
    counts = {
        "features": (
            last * frame,
            f"{last} frames of the last chunk, {frame:,} instructions each, {COUNTED}",
        ),
        "scaling": (
            SCALE_INSTRUCTIONS * values,
            f"{values:,} features, {SCALE_INSTRUCTIONS} instructions each, {COUNTED}",
        ),
        "fusion": (
            FUSION_INSTRUCTIONS * inputs * len(bundle.manifest.labels),
            f"{FUSION_INSTRUCTIONS} instructions a weight, {COUNTED}",
        ),
    }
    return {name: _m7_time(count, source) for name, (count, source) in counts.items()}


def counted_stages(
    chip: Chip, stage_us: Mapping[str, NDArray[np.float64]], cycles_per_us: int
) -> dict[str, Quantity]:
    """Return the chip's stages with the Cortex-M7's instructions as a twin has counted them in this run.

    Args:
        chip: Its other stages stay: the twin's Edge TPU is a stand-in.
        stage_us: Per stage, one value per segment: what the twin calls microseconds.
        cycles_per_us: How many instructions the twin calls a microsecond.
    """
    stages = dict(chip.stages_ms)
    for ours, theirs in (("features", "tail"), ("scaling", "scaling"), ("fusion", "fusion")):
        counts = stage_us[theirs] * cycles_per_us
        middle = round(float(np.median(counts)))
        stages[ours] = _m7_time(
            middle, f"{middle:,} instructions a window, {COUNTED} in this run", len(counts)
        )
    return stages


def _m7_time(instructions: int, source: str, n: int = 1) -> Quantity:
    middle, fast, slow = (1e3 * instructions / M7_HZ / ipc for ipc in (M7_IPC[0], M7_IPC[2], M7_IPC[1]))
    rate = f"{M7_HZ / 1e6:.0f} MHz at {M7_IPC[1]} to {M7_IPC[2]} instructions per cycle"
    return Quantity(middle, "ms", Evidence.ESTIMATED, n, interval=(fast, slow), source=f"{source}; {rate}")


def memory_map(
    bundle: Bundle, frames: int, channels: int, cached_bytes: int, file_bytes: Mapping[str, int]
) -> tuple[Region, ...]:
    """Return the board's memories and what lies in them.

    In SDRAM lie the firmware's large buffers (core/device.h) and the interpreters' arenas. A port may reserve
    more for networks and arenas than a bundle needs; what it needs is counted.

    Args:
        bundle: Its networks lie in RAM, where the interpreters and the Edge TPU's driver use them in place.
        frames: Feature frames in a window.
        channels: Feature channels.
        cached_bytes: Parameters in the Edge TPU's memory.
        file_bytes: Bytes of each network's file.
    """
    spec = bundle.manifest.frontend
    parts: dict[str, Mapping[str, int]] = {name: {"firmware": used} for name, used in APPLICATION.items()}
    models = bundle.manifest.models
    values = [math.prod(models[name].input_shape) + math.prod(models[name].output_shape) for name in BRANCHES]
    parts["SDRAM"] = {
        **{f"{name} network": count for name, count in file_bytes.items()},
        "arenas": sum(padded(ARENA_FLOOR + count) for count in values),
        "features of the longest segment": 2 * channels * max(frames, spec.frames(WIRE["segment_samples"])),
        "network input": frames * channels,
        "captured samples": 2 * CAPTURE_SAMPLES,
    }
    parts["Edge TPU"] = {"parameters": cached_bytes}
    built = "map file of the board's firmware (`undertone build --port coralmicro` makes it anew)"
    sources = dict.fromkeys(APPLICATION, built) | {
        "SDRAM": "model files, two arenas, the firmware's buffers (core/device.h); the board's port reserves 22.3 MB, "
        "16.8 of them so that bundles can be exchanged while it runs",
        "Edge TPU": "parameter rules read off real compiled models",
    }
    return tuple(
        Region(name, LIMITS[name], parts[name], Evidence.ESTIMATED, sources[name]) for name in LIMITS
    )


def fusion_bytes(fusion: FusionHead) -> int:
    """Return the bytes of a fusion head on the chip: int16 weights, int32 biases, int8 zero points."""
    return int(2 * fusion.weight.size + 4 * fusion.bias.size + fusion.zero_point.size)
