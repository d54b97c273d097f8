"""`undertone rerecord`: play speech through a loudspeaker, a room and noise, and keep what a microphone hears."""

from __future__ import annotations

from pathlib import Path

import click

from firmware_bridge.base.paths import BUILD
from tools import console, options


@click.command(help="Re-record the test speakers of a bundle through a channel model; one WAV per segment.")
@options.bundle()
@options.clips()
@options.channel()
@click.option("--limit", default=20, show_default=True, help="most segments; 0 for all")
@click.option(
    "--out", type=click.Path(path_type=Path), default=BUILD / "rerecorded", help="where the files go"
)
@options.as_json()
def command(bundle_dir: Path, corpus: str, channel: str, limit: int, out: Path, as_json: bool) -> None:
    """Write re-recorded segments as WAV files, with the room and noise drawn for each."""
    from firmware_bridge.base.errors import UnknownName
    from firmware_bridge.base.files import write_json
    from firmware_bridge.base.progress import track
    from firmware_bridge.contract.bundle import load_bundle
    from firmware_bridge.sound.audio import write_wav
    from hil.rig.rerecord import CHANNELS, rerecord
    from tools.pipeline.segments import segments_for
    from train.corpora.noise import load_noises, load_rooms

    if channel not in CHANNELS:
        raise UnknownName("channel", channel, CHANNELS)
    bundle = load_bundle(bundle_dir)
    segments = segments_for(bundle, corpus, limit or None)
    rooms, noises = load_rooms("test"), load_noises("test")
    listed = []
    for segment in track(segments, f"re-recording, channel {channel}"):
        made = rerecord(segment.name, segment.pcm, CHANNELS[channel], rooms, noises)
        write_wav(out / f"{segment.name}.wav", made.pcm)
        listed.append(
            {
                "file": f"{segment.name}.wav",
                "label": bundle.manifest.labels[segment.label],
                "speaker": segment.speaker,
                "keyword": segment.keyword,
                "room": made.room,
                "noise": made.noise,
            }
        )
    summary = {"channel": CHANNELS[channel].model_dump(mode="json"), "clips": listed}
    write_json(out / "rerecorded.json", summary)
    if as_json:
        console.emit_json(summary)
    else:
        console.emit_text(f"{len(listed)} files and rerecorded.json in {out}")
