"""`undertone reweight`: the compiled form of a retrained network, from one real compile."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options


@click.command(name="reweight")
@click.argument("original", type=click.Path(path_type=Path))
@click.argument("compiled", type=click.Path(path_type=Path))
@click.argument("retrained", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="write the derived file here"
)
@options.as_json()
def command(original: Path, compiled: Path, retrained: Path, out: Path, as_json: bool) -> int:
    """Derive the compiled form of RETRAINED from ORIGINAL and what the real compiler made of it (COMPILED).

    The evidence of the result is `derived`: foretold from real compiler output, run on no chip.
    """
    from edgetpu_models.reweight.derive import reweight
    from firmware_bridge.base.files import write_bytes

    found = reweight(original, compiled, retrained)
    write_bytes(out, found.data)
    if as_json:
        console.emit_json(found.as_dict() | {"out": str(out)})
        return 0
    console.emit_text(
        f"{found.layers} layers and {found.records} records written; the template gave itself back, and the result "
        "is proved to be made from the retrained network"
    )
    for step in found.rests_on:
        console.emit_text(f"rests on counts, not on a whole pair of real files: {step}")
    console.emit_text(
        f"wrote {out} (derived: no compiler made it, and it has run on no chip); token {found.token}"
    )
    return 0
