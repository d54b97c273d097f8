"""`undertone inspect`: X-ray of a compiled model, and what changed between two."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console


@click.command(name="inspect")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--original", type=click.Path(path_type=Path), help="the int8 model that it was made of")
@click.option("--diff", "other", type=click.Path(path_type=Path), help="compare MODEL with this file")
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def command(model: Path, original: Path | None, other: Path | None, as_json: bool) -> int:
    """Read what the Edge TPU compiler put into MODEL. Nothing is estimated."""
    from edgetpu_models.diff import diff
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
    if as_json:
        console.emit_json(found.as_dict())
        return 0
    data = {k: v for k, v in found.as_dict().items() if v is not None and k not in ("inputs", "outputs")}
    console.emit_table(str(model), ("what", "value"), [(k, _show(v)) for k, v in data.items()])
    layers = [
        (kind, x["name"], x["shape"], x["data_type"], x["size_bytes"]) for kind, x in _layers(found.as_dict())
    ]
    console.emit_table("layers", ("", "name", "y, x, z", "type", "bytes"), layers)
    return 0


def _show(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{n} {op}" for op, n in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _layers(data: dict[str, list[dict[str, object]]]) -> list[tuple[str, dict[str, object]]]:
    return [(kind, layer) for kind in ("inputs", "outputs") for layer in data[kind]]
