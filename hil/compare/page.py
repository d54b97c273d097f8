"""The comparison as one page that needs nothing else: pictures and sounds inside, no script, no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from firmware_bridge.base.files import write_bytes
from firmware_bridge.base.templates import render
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.sound.audio import wav_bytes
from hil.compare.comparison import DECISIVE, Comparison
from hil.compare.tables import tables, unchanged
from hil.report import pictures

TEMPLATE = Path(__file__).parents[1] / "report" / "templates" / "compare.html"


def render_page(found: Comparison, sounds: Mapping[str, PCM] | None = None) -> str:
    """Return the page. Everything that comes from outside is escaped.

    Args:
        found: The comparison.
        sounds: Clips to listen to by name, int16[n] at 16 kHz.
    """
    images = {
        name: pictures.confusion_difference(one.confusion, one.labels, name)
        for name, one in found.outputs.items()
        if one.flips
    }
    heard = {name: _player(pcm) for name, pcm in (sounds or {}).items()}
    return render(
        TEMPLATE,
        True,
        found=found,
        tables=tables(found),
        unchanged=unchanged(found),
        images=images,
        sounds=heard,
        decisive=found.outputs.get(DECISIVE),
    )


def write_page(found: Comparison, path: Path, sounds: Mapping[str, PCM] | None = None) -> None:
    """Write the page to `path`, whole or not at all."""
    write_bytes(path, render_page(found, sounds).encode())


def _player(pcm: PCM) -> str:
    return "data:audio/wav;base64," + base64.b64encode(wav_bytes(pcm)).decode()
