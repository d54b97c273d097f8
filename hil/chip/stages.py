"""What is known of the chip for a bundle: its Edge TPU, the Cortex-M7's stages, the memories. All with sources."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.chip.facts import KEPT, Count, latest_facts, read_facts
from firmware_bridge.chip.regions import Part, Region
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.contract.image import ARENA_FLOOR
from firmware_bridge.contract.image_header import padded
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.ports.sources import CAPTURE_SAMPLES
from firmware_bridge.protocol import LIMITS as WIRE
from hil.chip.networks import BRANCHES, describe_networks
from hil.rig.observations import Chip

# Instructions per cycle of such integer code from cached memory: expected, low, high.
M7_IPC = (1.0, 0.8, 1.4)
COUNTED = "counted on the emulated Cortex-M7"
# The board's memories in a report: those of the processor, and what is outside.
PROCESSOR, RAM, EDGE_TPU = ("ITCM", "DTCM", "OCRAM"), "SDRAM", "Edge TPU"


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
    values, weights = frames * channels, inputs * len(bundle.manifest.labels)
    cost, source = instruction_cost(spec)
    last = math.ceil(WIRE["chunk_samples"] / (spec.step_ms * spec.sample_rate_hz // 1000))
    counts = {
        "features": (
            last * cost.frame,
            f"{last} frames of the last chunk, {cost.frame:,.0f} instructions each",
        ),
        "scaling": (
            cost.scaled_value * values,
            f"{values:,} features, {cost.scaled_value:.1f} instructions each",
        ),
        "fusion": (cost.fusion_weight * weights, f"{cost.fusion_weight:.1f} instructions a weight"),
    }
    return {name: _m7_time(round(count), f"{text}, {source}") for name, (count, text) in counts.items()}


def instruction_cost(spec: FrontendSpec) -> tuple[Count, str]:
    """Return what the stages cost for a front-end, and where that is known from.

    A front-end that was counted has its own counts. Of any other a frame costs what a straight line through the
    counted ones says: one term a frame, one a channel, one a channel with noise reduction and gain control.

    Raises:
        InvalidSetting: Nothing was counted.
    """
    built, kept = latest_facts("twin"), read_facts(KEPT / "twin.json")
    for facts in (built, kept):
        for one in facts.instructions:
            if one.frontend == spec.table_hash:
                return one, f"{COUNTED} ({facts.age()})"
    known = kept.instructions
    if not known:
        raise InvalidSetting("no instructions were counted", "python -m firmware_bridge.ports.twin.count")
    levels = spec.pcan is not None and spec.noise_reduction is not None
    rows = np.array([(1, one.channels, one.channels * one.levels) for one in known], np.float64)
    terms = np.linalg.lstsq(rows, np.array([one.frame for one in known]), rcond=None)[0]
    frame = float(terms @ (1, spec.channels, spec.channels * levels))
    fitted = known[0].model_copy(
        update={
            "name": "",
            "frontend": spec.table_hash,
            "channels": spec.channels,
            "levels": levels,
            "frame": frame,
        }
    )
    names = ", ".join(one.name for one in known)
    return fitted, f"on a line through those {COUNTED} for {names} ({kept.age()})"


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
    middle, fast, slow = (1e3 * instructions / CHIP.m7_hz / ipc for ipc in (M7_IPC[0], M7_IPC[2], M7_IPC[1]))
    rate = f"{CHIP.m7_hz / 1e6:.0f} MHz at {M7_IPC[1]} to {M7_IPC[2]} instructions per cycle"
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
    models = bundle.manifest.models
    values = [math.prod(models[name].input_shape) + math.prod(models[name].output_shape) for name in BRANCHES]
    ram = {
        **{f"{name} network": count for name, count in file_bytes.items()},
        "arenas": sum(padded(ARENA_FLOOR + count) for count in values),
        "features of the longest segment": 2 * channels * max(frames, spec.frames(WIRE["segment_samples"])),
        "network input": frames * channels,
        "captured samples": 2 * CAPTURE_SAMPLES,
    }
    board = next(region for region in CHIP.divided("board") if region.name == RAM)
    reserved = latest_facts("coralmicro").used_of(RAM)
    return (
        *processor_memories(spec),
        replace(
            board.filled(Part(name, count) for name, count in ram.items()),
            evidence=Evidence.ESTIMATED,
            source="model files, two arenas, the firmware's buffers (core/device.h); the board's port reserves "
            f"{reserved / 1e6:.1f} MB, most of them so that bundles can be exchanged while it runs",
        ),
        Region(
            EDGE_TPU,
            CHIP.edge_tpu_bytes,
            (Part("parameters", cached_bytes),),
            evidence=Evidence.ESTIMATED,
            source="parameter rules read off real compiled models",
        ),
    )


def processor_memories(spec: FrontendSpec) -> tuple[Region, ...]:
    """Return the processor's own memories and what the board's firmware was found to take of them.

    A firmware that was built from these sources with this front-end is a fact; of anything else the figure is an
    estimate, and its source says how old it is.

    Raises:
        InvalidSetting: No facts of the board's firmware are at hand.
    """
    facts = latest_facts("coralmicro")
    exact = facts.current and facts.frontend == spec.table_hash
    other = "" if facts.frontend == spec.table_hash else "; another front-end than this bundle's"
    source = f"the linker's map: {facts.age()}{other}{f'; {facts.origin}' if facts.origin else ''}"
    return tuple(
        replace(
            CHIP.memories[name],
            parts=tuple(Part(one.name, one.used_bytes) for one in facts.regions if one.memory == name),
            evidence=Evidence.MEASURED if exact else Evidence.ESTIMATED,
            source=source,
        )
        for name in PROCESSOR
    )


def fusion_bytes(fusion: FusionHead) -> int:
    """Return the bytes of a fusion head on the chip: int16 weights, int32 biases, int8 zero points."""
    return int(2 * fusion.weight.size + 4 * fusion.bias.size + fusion.zero_point.size)
