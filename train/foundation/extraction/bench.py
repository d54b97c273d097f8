"""Hours of synthetic speech through an extraction, with memory watched: `undertone bench extract`.

The corpus is made of espeak-ng's sentences strung together into turns of 3 to 11 s, as long as MSP-Podcast's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
        over = False
        while not over:  # once at least, however short the work is
            sizes = []
            for each in [this, *this.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):  # it ended meanwhile
                    sizes.append(each.memory_info().rss)
            seen.whole, seen.largest = max(seen.whole, sum(sizes)), max(seen.largest, *sizes)
            over = done.wait(every_s)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@dataclass(frozen=True)
class Listening:
    """What an extraction over hours of speech took.

    Attributes:
        encoder: Whose layer was kept.
        layer: Which one.
        hours: Of speech that was heard.
        hours_there: Of speech whose shards an earlier run had made.
        turns: How many recordings.
        workers: How many processes listened.
        wall_s: Seconds by the clock.
        largest_bytes: Most resident memory of one process.
        whole_bytes: Of all together.
        shards: How many were written.
        kept_bytes: Their size.
        fingerprint: Hash of what was kept.
    """

    encoder: str
    layer: str
    hours: float
    hours_there: float
    turns: int
    workers: int
    wall_s: float
    largest_bytes: int
    whole_bytes: int
    shards: int
    kept_bytes: int
    fingerprint: str

    @property
    def worker_seconds_per_hour(self) -> float | None:
        """Seconds of a worker per hour of speech; None where all was there."""
        return self.wall_s * self.workers / self.hours if self.hours else None

    def extrapolated(self) -> str | None:
        """Return how long MSP-Podcast would take on several numbers of workers; None where nothing was heard."""
        if (rate := self.worker_seconds_per_hour) is None:
            return None
        return ", ".join(f"{duration(MSP_PODCAST_HOURS * rate / 3600 / n)} on {n}" for n in WORKERS)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-ready data."""
        return {**asdict(self), "worker_seconds_per_hour": self.worker_seconds_per_hour}


def listen(
    hours: float,
    encoder: str,
    layer: str,
    workers: int | None = None,
    scheduler: str | None = None,
    place: Path = PLACE,
) -> Listening:
    """Let an encoder listen to hours of synthetic speech, and return what it took.

    Args:
        hours: Of speech; what an earlier run has heard is not heard again.
        encoder: Name of a foundation model.
        layer: The layer that is kept.
        workers: Processes; None for one per core.
        scheduler: Address of a Dask cluster's, or None.
        place: Where corpus and shards lie.

    Raises:
        UnknownName: No such encoder or layer.
    """
    files = make_corpus(hours, place / "corpus")
    with watched_memory() as memory:
        done = extract(
            encoder, files, [layer], place / f"{encoder}-{layer}", workers=workers, scheduler=scheduler
        )
    done.store.verify()
    return Listening(
        encoder,
        layer,
        done.seconds / 3600,
        done.seconds_there / 3600,
        len(files),
        done.workers,
        done.wall_s,
        memory.largest,
        memory.whole,
        len(done.store.index["shards"]),
        sum(each.stat().st_size for each in done.store.out.rglob("*") if each.is_file()),
        done.store.fingerprint(),
    )
