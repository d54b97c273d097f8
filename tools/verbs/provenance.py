"""`undertone provenance`: is this compiled file really made from that original?"""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options


@click.command(name="provenance")
@click.argument("original", type=click.Path(path_type=Path))
@click.argument("compiled", type=click.Path(path_type=Path))
@options.as_json()
def command(original: Path, compiled: Path, as_json: bool) -> int:
    """Hold every layer and record of COMPILED against ORIGINAL.

    Exit status: 0 proved or consistent, 1 not from this file.
    """
    from edgetpu_models.provenance.check import Verdict, check

    found = check(original, compiled)
    if as_json:
        console.emit_json(found.as_dict())
        return 1 if found.verdict is Verdict.NOT else 0
    rows = [
        (r.index, r.op, r.where, r.parameters, f"{r.size:,}" if r.size else "", r.records or "")
        for r in found.layers
    ]
    columns = ("#", "operation", "runs on", "parameters", "bytes", "records")
    console.emit_table(f"{compiled.name} against {original.name}", columns, rows)
    console.emit_text(
        f"{found.exact_layers} of {found.weighted_layers} layers exact, "
        f"{found.explained_records} of {found.records} records explained, "
        f"{found.unexplained_bytes:,} of {found.parameter_bytes:,} parameter bytes belong to no weighted layer"
    )
    for line in (*found.contradictions, *found.not_understood)[:20]:
        console.emit_text(f"- {line}")
    console.emit_text(f"verdict: {found.verdict.value}")
    return 1 if found.verdict is Verdict.NOT else 0
