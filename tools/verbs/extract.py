"""`undertone extract`: layers of a foundation model over a corpus, on one core, all cores or a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools import console, options

if TYPE_CHECKING:
    from train.foundation.extraction.run import Outcome


def facts_of(outcome: Outcome) -> dict[str, Any]:
    """Return what an extraction did as JSON-ready data."""
    request = outcome.store.index["request"]
    worked = outcome.wall_s * outcome.workers
    return {
        "out": str(outcome.store.out),
        "encoder": request["encoder"],
        "layers": list(outcome.store.layers),
        "clips": len(outcome.store.names),
        "shards": len(outcome.store.index["shards"]),
        "fingerprint": outcome.store.fingerprint(),
        "seconds_heard": outcome.seconds,
        "seconds_there": outcome.seconds_there,
        "workers": outcome.workers,
        "wall_s": outcome.wall_s,
        "worker_seconds_per_hour": worked / outcome.seconds * 3600 if outcome.seconds else None,
    }


def show(facts: dict[str, Any]) -> None:
    """Print what an extraction did."""
    console.emit_text(
        f"{facts['out']}: {facts['clips']} clips in {facts['shards']} shards, "
        f"layers {', '.join(facts['layers'])} of {facts['encoder']}\n"
        f"sha256 {facts['fingerprint']}"
    )
    heard, there = facts["seconds_heard"] / 3600, facts["seconds_there"] / 3600
    line = f"{heard:.2f} h of speech heard in {facts['wall_s']:.0f} s on {facts['workers']} workers"
    console.emit_text(line + (f"; {there:.2f} h were there" if there else ""))
    if (rate := facts["worker_seconds_per_hour"]) is not None:
        from train.foundation.cost import MSP_PODCAST_HOURS, WORKERS, duration

        hours = [f"{duration(MSP_PODCAST_HOURS * rate / 3600 / count)} on {count}" for count in WORKERS]
        console.emit_text(
            f"measured: {rate:.0f} worker-seconds per hour of speech, start-up and reading included\n"
            f"extrapolated to {MSP_PODCAST_HOURS:g} h (MSP-Podcast), rate x hours / workers:\n  {', '.join(hours)}"
        )


@click.command(name="extract")
@click.argument("corpus")
@click.option(
    "--encoder", "which", required=True, help="whisper-tiny-en, onnx:FILE, ... (undertone encoders)"
)
@click.option("--layers", required=True, help="comma-separated, or 'all'")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="where the shards go")
@click.option(
    "--keep",
    type=click.Choice(["sequences", "statistics"]),
    default="sequences",
    show_default=True,
    help="every step of a layer, or mean and deviation over time",
)
@click.option("--dtype", type=click.Choice(["float16", "float32"]), help="default: float16 for sequences")
@click.option("--first-seconds", default=0.0, help="hear only the beginning of each clip")
@options.speakers()
@options.scheduler()
@click.option("--workers", type=click.IntRange(1), help="processes on this computer")
@options.as_json()
def command(
    corpus: str,
    which: str,
    layers: str,
    out: Path,
    keep: Any,
    dtype: str | None,
    first_seconds: float,
    speakers: str | None,
    scheduler: str | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Keep what layers of an encoder say about every clip of CORPUS (NAME or NAME:PATH).

    A run that was stopped goes on where it was, and the bytes are the same however many workers there are.
    """
    from train.corpora import load_corpus
    from train.foundation.catalogue import open_encoder
    from train.foundation.extraction.run import extract
    from train.foundation.sweep import clip_names

    loaded = load_corpus(corpus)
    clips = loaded.with_audio()
    if speakers:
        clips = tuple(clip for clip in loaded.of(speakers.split(",")) if clip.has_audio)
    names = open_encoder(which).layer_names if layers == "all" else tuple(layers.split(","))
    files = clip_names(loaded, clips)
    outcome = extract(which, files, names, out, keep, dtype, first_seconds, scheduler, workers)
    facts = facts_of(outcome)
    console.emit_json(facts) if as_json else show(facts)
    return 0
