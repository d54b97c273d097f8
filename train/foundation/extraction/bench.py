"""Hours of synthetic speech through an extraction, with memory watched: `python -m train.foundation.extraction.bench`.

The corpus is made of espeak-ng's sentences strung together into turns of 3 to 11 s, as long as MSP-Podcast's.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from firmware_bridge.base.events import Event, listening
from firmware_bridge.base.paths import ROOT
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, read_audio, write_wav
from train.corpora.registry import load_corpus
from train.foundation.cost import MSP_PODCAST_HOURS, WORKERS, duration
from train.foundation.extraction.run import extract

PLACE = ROOT / "build" / "foundation" / "bench"
SHORTEST_S, LONGEST_S = 3.0, 11.0


def make_corpus(hours: float, folder: Path, seed: int = 0) -> dict[str, Path]:
    """Return name to file of so many hours of turns; files that an earlier call made are used again."""
    rng = np.random.default_rng(seed)
    sentences = [read_audio(clip.path).pcm for clip in load_corpus("synthetic").clips]
    found: dict[str, Path] = {}
    left = hours * 3600 * SAMPLE_RATE_HZ
    folder.mkdir(parents=True, exist_ok=True)
    while left > 0:
        length = int(rng.uniform(SHORTEST_S, LONGEST_S) * 50) * SAMPLE_RATE_HZ // 50
        first, gain = int(rng.integers(len(sentences))), rng.uniform(0.2, 1.0)
        turn = np.concatenate([sentences[(first + step) % len(sentences)] for step in range(12)])[:length]
        path = folder / f"{len(found):06d}.wav"
        if not path.is_file():
            write_wav(path, (turn * gain).astype(np.int16))
        found[path.name] = path
        left -= len(turn)
    return found


@dataclass
class Memory:
    """The most resident memory that was seen.

    Attributes:
        whole: Of this process and its children together, in bytes; shared pages count in each.
        largest: Of one of them.
    """

    whole: int = 0
    largest: int = 0


@contextlib.contextmanager
def watched_memory(every_s: float = 0.2) -> Iterator[Memory]:
    """Yield what is filled in while the block runs: memory of this process and its children."""
    import psutil

    seen, done, this = Memory(), threading.Event(), psutil.Process()

    def look() -> None:
        while not done.wait(every_s):
            sizes = []
            for each in [this, *this.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):  # it ended meanwhile
                    sizes.append(each.memory_info().rss)
            seen.whole, seen.largest = max(seen.whole, sum(sizes)), max(seen.largest, *sizes)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@click.command()
@click.option("--hours", default=10.0, show_default=True)
@click.option("--encoder", default="whisper-tiny-en", show_default=True)
@click.option("--layer", default="hidden_2", show_default=True)
@click.option("--workers", type=int, help="by default one per core")
@click.option("--scheduler", help="a Dask cluster's")
def main(hours: float, encoder: str, layer: str, workers: int | None, scheduler: str | None) -> None:
    """Listen to HOURS of synthetic speech; report speed and memory."""
    files = make_corpus(hours, PLACE / "corpus")
    with listening(_show), watched_memory() as memory:
        done = extract(
            encoder, files, [layer], PLACE / f"{encoder}-{layer}", workers=workers, scheduler=scheduler
        )
    done.store.verify()
    kept = sum(each.stat().st_size for each in done.store.out.rglob("*") if each.is_file())
    _say(f"{done.seconds / 3600:.2f} h of synthetic speech ({len(files)} turns), {encoder} up to {layer}")
    _say(f"{done.wall_s:.0f} s on {done.workers} workers; {done.seconds_there / 3600:.2f} h were there")
    _say(f"memory: at most {memory.largest / 1e6:.0f} MB a process, {memory.whole / 1e6:.0f} MB in all")
    _say(f"{len(done.store.index['shards'])} shards, {kept / 1e6:.0f} MB; sha256 {done.store.fingerprint()}")
    if done.seconds:
        rate = done.wall_s * done.workers / done.seconds
        _say(f"measured: {rate * 3600:.0f} worker-seconds per hour of speech")
        spans = ", ".join(f"{duration(MSP_PODCAST_HOURS * rate / count)} on {count}" for count in WORKERS)
        _say(f"extrapolated, rate x hours / workers: {MSP_PODCAST_HOURS:g} h take {spans}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _show(event: Event) -> None:
    if event.line:
        _say(event.line)


if __name__ == "__main__":
    main()
