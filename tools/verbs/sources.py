"""`undertone sources`: the C files that are made for a bundle, for a firmware that is built without Python."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options


@click.command(name="sources")
@options.bundle("for its front-end and windows; without: what core/made holds", default=None)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="where to write; firmware_bridge/core/made without --bundle",
)
@options.as_json()
def command(bundle_dir: Path | None, out: Path | None, as_json: bool) -> None:
    """Write headers, tables and made.cmake for the device's core (docs/c_api.md)."""
    from firmware_bridge.base.errors import InvalidSetting
    from firmware_bridge.contract.bundle import load_bundle
    from firmware_bridge.ports.sources import KEPT, write_kept, write_sources

    if bundle_dir is None:
        folder = write_kept(out or KEPT)
    elif out is None:
        raise InvalidSetting(
            "no folder for the files of this bundle",
            "name one: --out made (core/made is for the default recipes)",
        )
    else:
        folder = write_sources(load_bundle(bundle_dir).manifest, out)
    files = sorted(file.name for file in folder.iterdir() if file.is_file())
    if as_json:
        console.emit_json({"folder": str(folder), "files": files})
    else:
        console.emit_text(f"{folder}: {', '.join(files)}")
