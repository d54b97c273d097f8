"""`undertone analyse`: what the Edge TPU compiler would do with int8 models."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from edgetpu_models.analyse import Analysis


_PLACES = {
    ("edgetpu", True): "TPU",
    ("edgetpu", False): "TPU, streamed",
    ("cpu", True): "CPU",
    ("cpu", False): "CPU",
}


@click.command(name="analyse")
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--compiler", default="16.0", show_default=True, help="build whose storage rules are used (16.0, 1.0)"
)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path), help="write the table per operation here")
@click.option("--plot", type=click.Path(path_type=Path), help="draw the memory map here (SVG)")
@options.as_json()
def command(
    models: tuple[Path, ...], compiler: str, csv_path: Path | None, plot: Path | None, as_json: bool
) -> int:
    """Predict targets, memory, cycles and latency of int8 MODELS that are compiled together, in this order.

    Exit status 1 when they do not fit on the chip.
    """
    from edgetpu_models.analyse import analyse
    from firmware_bridge.base.files import write_bytes

    found = analyse(models, compiler)
    if csv_path is not None:
        write_bytes(csv_path, _csv(found).encode())
    if plot is not None:
        from edgetpu_models.plot import memory_map

        write_bytes(plot, memory_map(found))
    if as_json:
        console.emit_json(found.as_dict())
    else:
        _tables(found)
    return 0 if found.fits else 1


def _csv(found: Analysis) -> str:
    buffer = io.StringIO()
    rows = [row | {"shape": "x".join(map(str, row["shape"]))} for row in found.ops]
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _tables(found: Analysis) -> None:
    columns = ("#", "operation", "output", "runs on", "bytes", "tile", "known")
    rows = [
        (
            f"{r.network}.{r.index}",
            r.name,
            "x".join(map(str, r.shape)),
            _PLACES[r.target, r.on_chip],
            f"{r.parameter_bytes:,}",
            f"{r.activation_bytes:,}",
            r.ground.removesuffix(" mapped"),
        )
        for r in found.rows
    ]
    console.emit_table("operations (network.index)", columns, rows)
    for r in found.rows:
        if r.target == "cpu":
            console.emit_text(f"on the CPU: {r.name} {r.index}: {r.reason}")
    summary = [
        (
            n.name,
            f"{n.parameters:,}",
            f"{n.size_bytes:,}",
            f"{n.on_chip_bytes:,}",
            f"{n.off_chip_bytes:,}",
            n.latency,
        )
        for n in found.networks
    ]
    heads = ("network", "weights", "file bytes", "on chip", "streamed", "latency")
    console.emit_table("networks, compiled together", heads, summary)
    console.emit_text(f"latency of all: {found.latency}")
    console.emit_text(f"latency source: {found.latency.source}")
    for line in found.advice:
        console.emit_text(f"does not fit: {line}")
    console.emit_text("fits on the chip" if found.fits else "does not fit on the chip")
