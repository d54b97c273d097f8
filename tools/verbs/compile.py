"""`undertone compile`: run the real Edge TPU compiler, where there is one."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options


@click.command(name="compile")
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/compiled"),
    show_default=True,
    help="folder of the compiled files",
)
@click.option("--timeout", "timeout_s", default=180, show_default=True, help="the compiler's own timer, s")
@click.option(
    "--retries", default=2, show_default=True, help="how often a failure without a reason is tried again"
)
@click.option("--min-runtime", type=int, help="oldest Edge TPU runtime that must run the result")
@options.as_json()
def command(
    models: tuple[Path, ...], out: Path, timeout_s: int, retries: int, min_runtime: int | None, as_json: bool
) -> int:
    """Compile int8 MODELS in one call, so that they share the chip's memory; the first goes first."""
    from edgetpu_models.compile import compile_models

    made = compile_models(models, out, timeout_s=timeout_s, retries=retries, min_runtime=min_runtime)
    if as_json:
        console.emit_json(made.as_dict())
        return 0
    for number, attempt in enumerate(made.attempts, 1):
        console.emit_text(f"attempt {number}: {attempt.outcome} in {attempt.seconds:.1f} s")
    if made.cached:
        console.emit_text("kept from an earlier run with the same input, compiler and settings")
    rows = [
        (
            r["network"],
            r["figure"],
            r["predicted"],
            r["real"],
            "" if r["error_percent"] is None else r["error_percent"],
        )
        for r in made.comparison
    ]
    title = f"compiler {made.version}: prediction and reality"
    console.emit_table(title, ("network", "figure", "predicted", "real", "error %"), rows)
    for path in made.outputs:
        console.emit_text(f"wrote {path}")
    return 0
