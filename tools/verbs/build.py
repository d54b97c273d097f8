"""`undertone build`: the firmware for a port, and how much of each of its memories it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from firmware_bridge.base.paths import BUILD
from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.chip.regions import Region
    from tools.board.firmware import Firmware

PORTS = ("host", "twin", "coralmicro")
TIGHT = 0.10


class Built(Protocol):
    """What a port's build returns."""

    @property
    def binary(self) -> Path:
        """The program, with its symbols."""

    @property
    def build_dir(self) -> Path:
        """Where it was built."""

    @property
    def compiler(self) -> str:
        """What compiled it."""

    @property
    def regions(self) -> Sequence[Region]:
        """Its memories."""


def build_port(port: str, bundle_dir: Path, out: Path, sdk_dir: Path | None) -> Built:
    """Build the firmware of a port for a bundle.

    Args:
        port: One of `PORTS`.
        bundle_dir: The bundle's folder.
        out: Where it is built.
        sdk_dir: The board maker's SDK, for `coralmicro`.

    Raises:
        UndertoneError: A compiler or the SDK is missing or fails, the bundle is damaged, or it does not fit.
    """
    if port == "host":
        from firmware_bridge.ports.host.build import build_host

        return build_host(bundle_dir, out)
    if port == "twin":
        from firmware_bridge.ports.twin.count import build_counted

        return build_counted(bundle_dir, out)
    from firmware_bridge.ports.coralmicro.build import build_coralmicro

    assert sdk_dir is not None
    return build_coralmicro(bundle_dir, sdk_dir, out)


def with_total(regions: Sequence[Region]) -> tuple[Region, ...]:
    """Return the memories, and the processor's own together where the port has not summed them up itself."""
    from firmware_bridge.chip.regions import ON_CHIP_TOTAL, on_chip_total
    from firmware_bridge.chip.rt1176 import CHIP

    if any(one.on_chip for one in regions) and not any(one.name == ON_CHIP_TOTAL for one in regions):
        return (*regions, on_chip_total(regions, CHIP.on_chip_bytes))
    return tuple(regions)


def describe_row(row: Region) -> tuple[str, str, str, str, str]:
    """Return the cells of a memory: name, used, limit, free, remark."""
    if not row.limit_bytes:
        return row.name, f"{row.used_bytes:,}", "-", "-", "no limit in a process"
    remark = "does not fit" if row.free < 0 else f"less than {TIGHT:.0%} free" if row.free < TIGHT else ""
    return row.name, f"{row.used_bytes:,}", f"{row.limit_bytes:,}", f"{100 * row.free:.1f} %", remark


def report(firmware: Firmware) -> dict[str, Any]:
    """Return the firmware as JSON-ready data; sizes are facts of the linked file, so they are measured."""
    from firmware_bridge.base.evidence import Evidence, Quantity

    source = f"sections of {firmware.file.name}"
    memory = [
        {
            "name": row.name,
            "used": Quantity(row.used_bytes, "bytes", Evidence.MEASURED, source=source).as_dict(),
            "limit_bytes": row.limit_bytes or None,
            "free": round(row.free, 4) if row.limit_bytes else None,
        }
        for row in firmware.memory
    ]
    fits = all(row.free >= 0 for row in firmware.memory if row.limit_bytes)
    return firmware.model_dump(mode="json") | {"memory": memory, "fits": fits}


@click.command(help="Build the firmware of a port, and report its memories against the chip's.")
@click.option("--port", default="twin", show_default=True, help=f"{', '.join(PORTS)}.")
@options.bundle()
@options.sdk()
@click.option("--out", type=click.Path(path_type=Path), help="where to build [build/firmware/PORT]")
@options.as_json()
def command(port: str, bundle_dir: Path, sdk: str | None, out: Path | None, as_json: bool) -> int:
    """Build; exit status 1 when a memory is too small for it."""
    from firmware_bridge.base.errors import UnknownName
    from firmware_bridge.base.files import sha256_file
    from firmware_bridge.contract.bundle import load_bundle
    from tools.board.firmware import Firmware
    from tools.board.sdk import find_sdk

    if port not in PORTS:
        raise UnknownName("port", port, PORTS)
    bundle = load_bundle(bundle_dir)
    found = find_sdk(sdk) if port == "coralmicro" else None
    folder = (out or BUILD / "firmware" / port).resolve()
    built = build_port(port, bundle.directory, folder, found.folder if found else None)
    firmware = Firmware(
        port=port,  # type: ignore[arg-type]
        bundle=bundle.id,
        file=built.binary.resolve(),
        sha256=sha256_file(built.binary),
        build_dir=built.build_dir.resolve(),
        compiler=built.compiler,
        sdk_commit=found.commit if found else "",
        memory=with_total(built.regions),
    )
    firmware.write(folder)
    found_facts = report(firmware)
    if as_json:
        console.emit_json(found_facts)
    else:
        rows = [describe_row(row) for row in firmware.memory]
        console.emit_table(
            f"{port}: bytes of the linked firmware (measured)", ("memory", "used", "limit", "free", ""), rows
        )
        console.emit_text(f"{firmware.file}\nbuilt with {firmware.compiler} for the bundle {bundle.id[:12]}")
    return 0 if found_facts["fits"] else 1
