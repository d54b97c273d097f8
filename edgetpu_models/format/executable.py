"""What the compiler puts into its custom operation: a package of executables for the Edge TPU.

Nesting: custom data (FlexBuffer map) > package (`DWN1`) > multi-executable > executables, each a FlatBuffer.
Field numbers: `executable/executable.fbs` of libedgetpu.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edgetpu_models.format.flatbuffer import Flat, Table, damaged
from edgetpu_models.format.flexbuffer import Value, read_map

MAX_EXECUTABLES = 64  # a package holds one or two

DATA_TYPES = {
    0: "FIXED_POINT8",
    1: "FIXED_POINT16",
    2: "SIGNED_FIXED_POINT32",
    3: "BFLOAT",
    4: "HALF",
    5: "SINGLE",
    8: "SIGNED_FIXED_POINT8",
    9: "SIGNED_FIXED_POINT16",
}


class ExecutableType(IntEnum):
    """What an executable is for."""

    STAND_ALONE = 0  # everything, parameters included, on every call
    PARAMETER_CACHING = 1  # loads the parameters that stay on the chip
    EXECUTION_ONLY = 2  # one inference; streams what is not on the chip


@dataclass(frozen=True)
class Layer:
    """An input or output of an executable.

    Attributes:
        name: Tensor name.
        size_bytes: Bytes that are transferred, padding included.
        shape: (y, x, z).
        zero_point: Of the quantisation.
        scale: Of the quantisation, real = scale * (stored - zero point).
        data_type: `SIGNED_FIXED_POINT8`, …
        executions: How often it is transferred per inference.
    """

    name: str
    size_bytes: int
    shape: tuple[int, int, int]
    zero_point: int
    scale: float
    data_type: str
    executions: int


@dataclass(frozen=True)
class Executable:
    """One program for the chip.

    Attributes:
        type: What it is for.
        parameters: Parameter bytes it carries.
        instructions: Instruction bytes, one number per chunk.
        scratch: Bytes of scratch memory it wants.
        narrow_memory: Activation memory per tile, bytes.
        token: Executables with the same token share the parameter cache.
        cycles: The compiler's own estimate, 0 in newer builds.
        deterministic: Whether all transfers are known in advance.
        dma_hints: How many transfers and interrupts one call has.
    """

    type: ExecutableType
    version: int
    name: str
    batch: int
    chip: str
    parameters: int
    instructions: tuple[int, ...]
    scratch: int
    narrow_memory: int
    token: int
    cycles: int
    dram_parameters: bool
    deterministic: bool
    dma_hints: int
    inputs: tuple[Layer, ...]
    outputs: tuple[Layer, ...]


@dataclass(frozen=True)
class Package:
    """What one custom operation holds.

    `old_build` tells builds of 2019/20 from newer ones: they write no list of further packages (entry 7 of the
    map). In 135 real files this separates the two ways of storing parameters without exception.
    """

    min_runtime_version: int
    compiler_version: str
    model_identifier: str
    keypair_version: int
    virtual_chip_id: int
    signature: int
    chip_ids: tuple[int, ...]
    preference: int
    old_build: bool
    executables: tuple[Executable, ...]


def read_package(custom_options: memoryview | None) -> Package:
    """Read the custom data of an `edgetpu-custom-op`.

    Raises:
        ModelInvalid: It is damaged, or no Edge TPU program.
    """
    entries = read_map(custom_options if custom_options is not None else memoryview(b""))
    program, caching = _blob(entries.get("4")), _blob(entries.get("3"))
    if program is None:
        raise damaged("its Edge TPU operation holds no program")
    ids, preference = entries.get("6"), entries.get("5")
    chips = tuple(ids) if isinstance(ids, list) else ()
    wanted = preference if isinstance(preference, int) else 0
    if caching is not None:  # files of 2018/19: two bare executables, no package around them
        executables = (read_executable(Flat(program)), read_executable(Flat(caching)))
        return Package(0, "", "", 0, 0, 0, chips, wanted, True, executables)
    table = Flat(program).root(b"DWN1")
    multi = table.blob(1)
    if multi is None:
        raise damaged("its Edge TPU package is empty")
    budget = table.flat.budget
    blobs = Flat(multi, budget).root().blobs(0)
    if not 0 < len(blobs) <= MAX_EXECUTABLES:
        raise damaged(f"its Edge TPU package holds {len(blobs)} executables")
    return Package(
        min_runtime_version=table.integer(0),
        compiler_version=table.text(4),
        model_identifier=table.text(7),
        keypair_version=table.integer(3),
        virtual_chip_id=table.integer(5),
        signature=len(table.blob(2) or b""),
        chip_ids=chips,
        preference=wanted,
        old_build="7" not in entries,
        executables=tuple(read_executable(Flat(b, budget)) for b in blobs),
    )


def _blob(value: Value) -> memoryview | None:
    return value if isinstance(value, memoryview) and len(value) else None


def read_executable(flat: Flat) -> Executable:
    """Read one serialised executable (it carries no identifier of its own).

    Raises:
        ModelInvalid: It is damaged or of an unknown type.
    """
    table = flat.root()
    kind = table.integer(13, "h")
    if kind not in (0, 1, 2):
        raise damaged(f"an executable has the unknown type {kind}")
    hints = table.child(7)
    return Executable(
        type=ExecutableType(kind),
        version=table.integer(0),
        name=table.text(1),
        batch=table.integer(3),
        chip=table.text(10),
        parameters=len(table.blob(6) or b""),
        instructions=tuple(len(chunk.blob(0) or b"") for chunk in table.children(5)),
        scratch=table.integer(4),
        narrow_memory=table.integer(12),
        token=table.integer(14, "Q"),
        cycles=table.integer(16, "q") or table.integer(11),
        dram_parameters=table.flag(15),
        deterministic=hints.flag(1) if hints else False,
        dma_hints=len(hints.children(0)) if hints else 0,
        inputs=tuple(_layer(t) for t in table.children(8)),
        outputs=tuple(_layer(t) for t in table.children(9)),
    )


def _layer(table: Table) -> Layer:
    numerics = table.child(5)
    kind = table.integer(6, "h")
    return Layer(
        name=table.text(0),
        size_bytes=table.integer(1),
        shape=(table.integer(2), table.integer(3), table.integer(4)),
        zero_point=numerics.integer(0) if numerics else 0,
        scale=numerics.number(1) if numerics else 0.0,
        data_type=DATA_TYPES.get(kind, str(kind)),
        executions=table.integer(9, default=1),
    )
