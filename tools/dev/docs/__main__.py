"""`python -m tools.dev.docs`: write the pages that are made from the code, and build the site in build/docs."""

from __future__ import annotations

import click

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.files import write_bytes
from tools import console
from tools.dev.docs import pages


@click.command()
@click.option("--pages-only", is_flag=True, help="write docs/*.md that are made from the code, build no site")
def command(pages_only: bool) -> int:
    """Write the pages that are made from the code, and build the site."""
    for path, page in pages.MADE.items():
        write_bytes(path, page().encode())
    if pages_only:
        return 0
    from tools.dev.docs.site import build

    try:
        console.emit_text(f"the site: {build()}")
    except UndertoneError as error:
        return console.fail(error, as_json=False)
    return 0


if __name__ == "__main__":
    with console.showing():
        raise SystemExit(command.main(standalone_mode=False))
