"""`undertone update`: another bundle for a device that runs, without flashing its firmware."""

from __future__ import annotations

import time
from pathlib import Path

import click

from tools import console, options


@click.command(
    help="Give a running device another bundle; whenever the power goes, it has the old one or the new."
)
@options.port()
@options.baud()
@options.bundle()
@click.option("--force", is_flag=True, help="send it even if the device has it already")
@options.as_json()
def command(port: str, baud: int, bundle_dir: Path, force: bool, as_json: bool) -> None:
    """Update; after an interrupted update the old bundle runs, and the next call begins anew."""
    from firmware_bridge.contract.bundle import load_bundle
    from hil.client.client import DeviceClient
    from hil.client.update import update_bundle
    from hil.link.link import SerialLink

    bundle = load_bundle(bundle_dir)
    link = SerialLink(port, baud)
    started = time.monotonic()
    try:
        client = DeviceClient(link)
        before = client.hello()
        current = before.has_bundle and before.bundle == bundle.id
        after = before if current and not force else update_bundle(client, bundle)
    finally:
        link.close()
    facts = {
        "port": port,
        "updated": after is not before,
        "before": before.bundle,
        "after": after.bundle,
        "slot": after.slot,
        "build": after.build,
        "evidence": after.evidence,
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        console.emit_json(facts)
    elif after is before:
        console.emit_text(f"{before.build} at {port} runs the bundle {bundle.id[:12]} already")
    else:
        console.emit_text(
            f"{after.build} at {port}: bundle {before.bundle[:12] or 'none'} -> {after.bundle[:12]} "
            f"in slot {after.slot}, {facts['seconds']} s"
        )
