"""`undertone record`: what a device's microphone hears, as a sound file."""

from __future__ import annotations

from pathlib import Path

import click

from tools import console, options

LONGEST_S = 3600


@click.command(help="Record from a device's microphone; exit status 1 when samples were lost.")
@options.port()
@options.baud()
@click.option(
    "--seconds", type=click.FloatRange(0.01, LONGEST_S), default=5.0, show_default=True, help="how long"
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="WAV file to write")
@click.option("--force", is_flag=True, help="replace the file where there is one")
@options.as_json()
def command(port: str, baud: int, seconds: float, out: Path, force: bool, as_json: bool) -> int:
    """Record; Ctrl-C keeps what has come."""
    from firmware_bridge.base.errors import InvalidSetting
    from firmware_bridge.sound.audio import write_wav
    from hil.client.capture import record
    from hil.client.client import DeviceClient
    from hil.link.link import SerialLink

    if out.exists() and not force:
        raise InvalidSetting(f"{out} exists", "name another file, or --force")
    link = SerialLink(port, baud)
    try:
        client = DeviceClient(link)
        identity = client.hello()
        heard = record(client, seconds)
    finally:
        link.close()
    write_wav(out, heard.pcm)
    facts = {
        "file": str(out),
        "seconds": round(heard.seconds, 3),
        "samples": len(heard.pcm),
        "lost_samples": heard.lost_samples,
        "gaps": [list(gap) for gap in heard.gaps],
        "peak_dbfs": round(heard.peak_dbfs, 1),
        "rms_dbfs": round(heard.rms_dbfs, 1),
        "clipped": heard.clipped,
        "device": {"port": port, "build": identity.build, "evidence": identity.evidence},
    }
    if as_json:
        console.emit_json(facts)
    else:
        console.emit_text(
            f"{out}: {heard.seconds:.1f} s from {identity.build}, peak {heard.peak_dbfs:.1f} dBFS, "
            f"mean {heard.rms_dbfs:.1f} dBFS"
        )
        if heard.clipped:
            console.emit_text(f"{heard.clipped} samples at full scale: speak more softly or move away")
        if heard.lost_samples:
            console.emit_text(
                f"LOST {heard.lost_samples} samples, {sum(count for _, count in heard.gaps)} of them are zeros "
                f"in {len(heard.gaps)} places: a faster link, or less else on it"
            )
    return 1 if heard.lost_samples or heard.gaps else 0
