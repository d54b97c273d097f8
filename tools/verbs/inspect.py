"""`undertone inspect`: X-ray of a compiled model, and what changed between two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from edgetpu_models.inside import Inside


@click.command(name="inspect")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--original", type=click.Path(path_type=Path), help="the int8 model that it was made of")
@click.option("--diff", "other", type=click.Path(path_type=Path), help="compare MODEL with this file")
@click.option("--inside", "deep", is_flag=True, help="records, and what lies where in the parameters")
@click.option(
    "--disassemble", type=click.Path(path_type=Path), help="write every instruction word here, named or hex"
)
@click.option("--picture", type=click.Path(path_type=Path), help="draw the parameters here (SVG)")
@options.as_json()
def command(
    model: Path,
    original: Path | None,
    other: Path | None,
    deep: bool,
    disassemble: Path | None,
    picture: Path | None,
    as_json: bool,
) -> int:
    """Read what the Edge TPU compiler put into MODEL. Nothing is estimated."""
    from edgetpu_models.diff import diff
    from edgetpu_models.inside import look_inside
    from edgetpu_models.inspect import inspect

    if other is not None:
        changes = diff(model, other)
        if as_json:
            console.emit_json({"changes": [c.as_dict() for c in changes]})
        else:
            rows = [(c.where, c.before, c.after) for c in changes]
            console.emit_table("differences", ("where", str(model), str(other)), rows)
        return 0
    found = inspect(model, original)
    _write(model, original, disassemble, picture)
    view = look_inside(model, original) if deep else None
    if as_json:
        console.emit_json(found.as_dict() | ({"inside": view.as_dict()} if view else {}))
        return 0
    data = {k: v for k, v in found.as_dict().items() if v is not None and k not in ("inputs", "outputs")}
    console.emit_table(str(model), ("what", "value"), [(k, _show(v)) for k, v in data.items()])
    layers = [
        (kind, x["name"], x["shape"], x["data_type"], x["size_bytes"]) for kind, x in _layers(found.as_dict())
    ]
    console.emit_table("layers", ("", "name", "y, x, z", "type", "bytes"), layers)
    if view:
        _show_inside(view)
    return 0


def _write(model: Path, original: Path | None, disassemble: Path | None, picture: Path | None) -> None:
    from edgetpu_models.blob_picture import blob_picture
    from edgetpu_models.inside import disassembly, look_inside
    from firmware_bridge.base.files import write_bytes

    if disassemble is not None:
        write_bytes(disassemble, ("\n".join(disassembly(model, original)) + "\n").encode())
        console.log(f"wrote {disassemble}")
    if picture is not None:
        write_bytes(picture, blob_picture(look_inside(model, original)))
        console.log(f"wrote {picture}")


def _show_inside(view: Inside) -> None:
    rows = [
        (r.word, f"{r.m:.7g}", f"{r.lo:.7g}", f"{r.hi:.7g}", r.x, r.zero, ", ".join(r.owners) or "not known")
        for r in view.records
    ]
    console.emit_table("records", ("word", "m", "lo", "hi", "x", "zero", "belongs to"), rows)
    pieces = [(s.start, f"{s.size:,}", s.what) for s in view.stretches]
    console.emit_table("parameters", ("from byte", "bytes", "what"), pieces)
    console.emit_text(
        f"{view.record_words:,} of {view.words:,} instruction words are records; {view.unexplained_bytes:,} of "
        f"{view.parameter_bytes:,} parameter bytes are not understood"
    )


def _show(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{n} {op}" for op, n in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _layers(data: dict[str, list[dict[str, object]]]) -> list[tuple[str, dict[str, object]]]:
    return [(kind, layer) for kind in ("inputs", "outputs") for layer in data[kind]]
