"""Size, place and time on the chip: from the model files and the Edge TPU analysis."""

from __future__ import annotations

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.chip.regions import Region
from hil.rig.observations import Observations

BOARD_RAM = "SDRAM"


def memory(seen: Observations) -> dict[str, Quantity | str]:
    """The 1.8 MB three ways: files, RAM that the application takes on the board, on-chip RAM."""
    raw = [model.name for model in seen.models if not model.compiled]
    files = sum(model.bytes for model in seen.models) + seen.fusion_bytes
    source = (
        f"int8 files; the Edge TPU compiler was not here for {' and '.join(raw)}" if raw else "compiled files"
    ) + ", and the fusion weights"
    on_chip = [region for region in seen.chip.regions if region.on_chip]
    ram = [region for region in seen.chip.regions if region.name == BOARD_RAM]
    return {
        "model_bytes": Quantity(files, "bytes", Evidence.MEASURED, len(seen.models), source=source),
        "board_ram_bytes": _used(ram),
        "on_chip_ram_bytes": _used(on_chip),
    }


def _used(regions: list[Region]) -> Quantity | str:
    if not regions:
        return "the memory map has no such region"
    evidence = max((region.evidence for region in regions), key=list(Evidence).index)
    sources = "; ".join(dict.fromkeys(region.source for region in regions))
    return Quantity(sum(region.used_bytes for region in regions), "bytes", evidence, source=sources)


def edge_tpu(seen: Observations) -> dict[str, Quantity | str]:
    """What the Edge TPU takes, keeps and has sent again."""
    chip, evidence = seen.chip, seen.chip.evidence
    return {
        "tpu_cached_bytes": Quantity(chip.cached_bytes, "bytes", evidence, source=chip.source),
        "tpu_streamed_bytes": Quantity(chip.streamed_bytes, "bytes", evidence, source=chip.source),
        "ops_off_tpu": Quantity(chip.ops_off_tpu, "operations", evidence, source=chip.source),
    }


def latency(seen: Observations) -> dict[str, Quantity | str]:
    """Time from the last sample of a window to its scores: the sum of the stages.

    From a board the stages are timed, and p95 is the sum of their upper ends, which is cautious: not all
    stages are slow at once. Otherwise p50 is the sum of the estimates, and there is no p95: an estimate's
    interval says how little is known, not how much the time varies from one decision to the next.
    """
    stages = seen.chip.stages_ms
    if not stages:
        return dict.fromkeys(("latency_p50_ms", "latency_p95_ms"), "no stage of the decision has a time")
    middle = sum(stage.value for stage in stages.values())
    low = sum(stage.interval[0] if stage.interval else stage.value for stage in stages.values())
    high = sum(stage.interval[1] if stage.interval else stage.value for stage in stages.values())
    evidence = max((stage.evidence for stage in stages.values()), key=list(Evidence).index)
    source = "sum of " + ", ".join(f"{name} {stage.value:.2f}" for name, stage in stages.items())
    late: Quantity | str = Quantity(high, "ms", evidence, source="upper ends of the same stages")
    if evidence is not Evidence.MEASURED:
        late = f"needs a board: an {evidence.value} time has no percentiles"
    return {
        "latency_p50_ms": Quantity(middle, "ms", evidence, interval=(low, high), source=source),
        "latency_p95_ms": late,
    }
