"""`undertone lint`: what will break or leave the Edge TPU, before compiling."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options

_MARKS = {
    "breaks": "stops the compiler",
    "cpu": "leaves the TPU",
    "border": "CPU, harmless",
    "care": "worth a look",
}


@click.command(name="lint")
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--fix", "fixed", type=click.Path(path_type=Path), help="write a rewritten MODEL here (one model)"
)
@options.as_json()
def command(models: tuple[Path, ...], fixed: Path | None, as_json: bool) -> int:
    """Check int8 MODELS against every rule; exit status 1 when something breaks or leaves the Edge TPU."""
    from edgetpu_models.lint import lint, passes

    result = {}
    good = True
    if fixed is not None:
        models = (_fix(models, fixed, as_json),)
    for path in models:
        findings = lint(path)
        good = good and passes(findings)
        result[str(path)] = findings
    if as_json:
        data = {name: [f.as_dict() for f in found] for name, found in result.items()}
        console.emit_json({"passes": good, "findings": data})
        return 0 if good else 1
    for name, found in result.items():
        console.emit_text(f"{name}: {len(found) or 'no'} findings")
        for f in found:
            console.emit_text(
                f"  {f.op_index:>3} {f.op}: {f.rule} ({_MARKS[f.effect]}; known from: {f.ground})"
            )
            console.emit_text(f"      {f.message}")
            console.emit_text(f"      change: {f.remedy}")
    return 0 if good else 1


def _fix(models: tuple[Path, ...], out: Path, as_json: bool) -> Path:
    from edgetpu_models.fix import fix
    from firmware_bridge.base.errors import InvalidSetting
    from firmware_bridge.base.files import write_bytes

    if len(models) != 1:
        raise InvalidSetting("--fix takes one model", "call it once per model")
    repair = fix(models[0])
    write_bytes(out, repair.data)
    if not as_json:
        for line in [*repair.applied, *repair.refused] or ["no safe rewrite applies"]:
            console.emit_text(f"{models[0]}: {line}")
        console.emit_text(f"wrote {out}; outputs equal on {repair.proof_inputs} random inputs")
    return out
