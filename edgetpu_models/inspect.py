"""X-ray of a compiled file: what the Edge TPU compiler put into it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgetpu_models.cost.macs import macs
from edgetpu_models.cost.parameters import Compiler
from edgetpu_models.format.executable import Executable, ExecutableType, Package, read_package
from edgetpu_models.format.model import Model
from edgetpu_models.format.names import EDGETPU_OP
from edgetpu_models.reweight.token import is_derived
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ModelInvalid


@dataclass(frozen=True)
class Inspection:
    """What a compiled file holds; all of it is read, none of it is estimated.

    Attributes:
        on_chip_bytes: Parameters that stay in the chip's memory.
        off_chip_bytes: Parameters that are sent again on each inference.
        instruction_bytes: Instructions that are sent on each inference.
        caching_instruction_bytes: Instructions of the program that loads the parameters.
        executables: Types, in order, joined by `+`.
        subgraphs: How many Edge TPU operations there are.
        ops_on_cpu: Operation to count, for what the compiler left on the CPU.
        narrow_memory_per_tile_bytes: Activation memory used in a tile (the largest program's).
        estimated_cycles: The compiler's estimate; newer compilers write 0.
        transfer_in_bytes: Input bytes per inference, padded.
        transfer_out_bytes: Output bytes per inference, padded.
        build: Whose storage rules it follows: `16.0` (builds since 2020) or `1.0` (older ones).
        made_by: `compiler`, or `derived` from a template (told by the mark in the token).
        token: Parameter caching token; files with the same one share the cache.
        n_ops: Operations of the original, where it was given.
        n_mapped: How many of those are inside the Edge TPU operations.
        macs: Multiply-accumulate operations of the original, where it was given.
    """

    size_bytes: int
    on_chip_bytes: int
    off_chip_bytes: int
    instruction_bytes: int
    caching_instruction_bytes: int
    executables: str
    subgraphs: int
    ops_on_cpu: dict[str, int]
    min_runtime_version: int
    compiler_version: str
    build: str
    estimated_cycles: int
    narrow_memory_per_tile_bytes: int
    scratch_bytes: int
    transfer_in_bytes: int
    transfer_out_bytes: int
    transfers: int
    deterministic: bool
    token: str
    made_by: str
    chip_ids: tuple[int, ...]
    inputs: list[dict[str, Any]] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    n_ops: int | None = None
    n_mapped: int | None = None
    macs: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-ready data."""
        return asdict(self) | {"chip_ids": list(self.chip_ids)}


def inspect(source: Path | str | bytes, original: Path | str | bytes | None = None) -> Inspection:
    """Read a compiled `.tflite`.

    Args:
        source: The compiled file.
        original: The file it was made of; adds what only the original knows.

    Raises:
        ModelInvalid: Damaged, or not made by the Edge TPU compiler.
    """
    model = verify_model(source)
    packages = [read_package(op.custom_options) for op in model.edgetpu_ops()]
    if not packages:
        raise ModelInvalid(
            "this model was not compiled for the Edge TPU",
            "`undertone compile` makes a compiled one; `undertone analyse` predicts what it would hold",
        )
    cpu = Counter(op.op for op in model.main.operators if op.op != EDGETPU_OP)
    source_model = verify_model(original) if original is not None else None
    return _summary(model, packages, dict(sorted(cpu.items())), source_model)


def _summary(
    model: Model, packages: list[Package], cpu: dict[str, int], original: Model | None
) -> Inspection:
    programs = [e for p in packages for e in p.executables]
    caching = [e for e in programs if e.type is ExecutableType.PARAMETER_CACHING]
    running = [e for e in programs if e.type is not ExecutableType.PARAMETER_CACHING]
    first = running[0] if running else programs[0]
    n_ops = len(original.main.operators) if original else None
    return Inspection(
        size_bytes=model.size,
        on_chip_bytes=sum(e.parameters for e in caching),
        off_chip_bytes=sum(e.parameters for e in running),
        instruction_bytes=sum(sum(e.instructions) for e in running),
        caching_instruction_bytes=sum(sum(e.instructions) for e in caching),
        executables="+".join(_kinds(programs)),
        subgraphs=len(packages),
        ops_on_cpu=cpu,
        min_runtime_version=max(p.min_runtime_version for p in packages),
        compiler_version=packages[0].compiler_version,
        build=(Compiler.OLD if packages[0].old_build else Compiler.CURRENT).value,
        estimated_cycles=sum(e.cycles for e in running),
        narrow_memory_per_tile_bytes=max(e.narrow_memory for e in programs),
        scratch_bytes=max(e.scratch for e in programs),
        transfer_in_bytes=sum(x.size_bytes * x.executions for e in running for x in e.inputs),
        transfer_out_bytes=sum(x.size_bytes * x.executions for e in running for x in e.outputs),
        transfers=sum(e.dma_hints for e in running),
        deterministic=all(e.deterministic for e in running),
        token=f"{first.token:016x}",
        made_by="derived" if is_derived(first.token) else "compiler",
        chip_ids=packages[0].chip_ids,
        inputs=[asdict(x) for e in running for x in e.inputs],
        outputs=[asdict(x) for e in running for x in e.outputs],
        n_ops=n_ops,
        n_mapped=n_ops - sum(cpu.values()) if n_ops is not None else None,
        macs=sum(macs(original.main, op) for op in original.main.operators) if original else None,
    )


def _kinds(programs: list[Executable]) -> list[str]:
    return sorted(
        (e.type.name for e in programs), key=["STAND_ALONE", "EXECUTION_ONLY", "PARAMETER_CACHING"].index
    )
