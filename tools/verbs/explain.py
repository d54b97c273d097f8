"""`undertone explain`: a status phrase, a lint code or an operation in plain words."""

from __future__ import annotations

import click

from tools import console, options


@click.command(name="explain")
@click.argument("words", nargs=-1, required=True)
@options.as_json()
def command(words: tuple[str, ...], as_json: bool) -> int:
    """Explain WORDS: a lint code, an operation, an error's name, or a line of the compiler's log."""
    from edgetpu_models.explain import explain

    found = explain(" ".join(words))
    if as_json:
        console.emit_json(found.as_dict())
        return 0
    console.emit_text(f"{found.name} ({found.kind})")
    console.emit_text(f"  means: {found.meaning}")
    console.emit_text(f"  change: {found.remedy}")
    if found.ground:
        console.emit_text(f"  known from: {found.ground}")
    if found.related:
        console.emit_text(f"  related: {', '.join(found.related)}")
    return 0
