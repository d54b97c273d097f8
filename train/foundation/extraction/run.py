"""Extraction over a corpus: on one core, on all cores, or on a cluster; killed at any moment, it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.cores import usable_cores
from firmware_bridge.base.progress import note, track
from train.foundation.catalogue import open_encoder
from train.foundation.extraction.plan import Keep, Request, Shard, find_recordings, make_plan, make_request
from train.foundation.extraction.shard import compute_shard, is_whole, shard_folder
from train.foundation.extraction.store import Store, finish

# Speech from which starting processes for all cores pays off.
LARGE_SECONDS = 1200.0


@dataclass(frozen=True)
class Outcome:
    """What an extraction did.

    Attributes:
        store: Its results.
        seconds: Speech that was listened to in this run; shards that were there do not count.
        seconds_there: Speech whose results were there.
        wall_s: Duration of listening.
        workers: Processes that listened, at the start.
    """

    store: Store
    seconds: float
    seconds_there: float
    wall_s: float
    workers: int


def extract(
    which: str,
    files: Mapping[str, Path],
    layers: Iterable[str],
    out: Path,
    keep: Keep = "sequences",
    dtype: str | None = None,
    first_seconds: float = 0.0,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Outcome:
    """Listen to recordings with a foundation model and keep what some layers say.

    Args:
        which: The model, as `open_encoder` takes it.
        files: Name to sound file. The names are what the store is asked by.
        layers: Which layers.
        out: Where the results go. What an earlier run left there is used.
        keep: `sequences`, or `statistics` (mean and deviation over time).
        dtype: `float16` or `float32`; by default float16 for sequences, float32 for statistics.
        first_seconds: Hear no more of a recording than its beginning; 0 hears all.
        scheduler: Address of a Dask scheduler (`tcp://host:8786`); `None` stays on this machine.
        workers: Processes on this machine; `None` takes one for a small corpus and else one per core.

    Returns:
        The opened store and how long it took.
    """
    encoder = open_encoder(which)
    request = make_request(which, encoder, layers, keep, dtype, first_seconds)
    plan = make_plan(request, encoder, find_recordings(files))
    missing = [shard for shard in plan if not is_whole(shard_folder(out, shard.key))]
    if there := len(plan) - len(missing):
        note(f"{there} of {len(plan)} shards are there already")
    seconds = sum(shard.seconds for shard in missing)
    if workers is None:
        workers = 1 if seconds < LARGE_SECONDS else max(1, min(usable_cores(), len(missing)))
    started = time.monotonic()
    if missing:
        workers = _listen(request, missing, out, scheduler, workers)
    wall = time.monotonic() - started
    total = sum(shard.seconds for shard in plan)
    return Outcome(finish(out, request, encoder, plan), seconds, total - seconds, wall, workers)


def _listen(request: Request, shards: list[Shard], out: Path, scheduler: str | None, workers: int) -> int:
    """Compute shards, here or elsewhere; return how many workers there were."""
    if scheduler is None and workers == 1:
        for shard in track(shards, f"listening with {request.encoder}"):
            compute_shard(request, shard, out)
        return 1
    from train.foundation.extraction.cluster import compute_on_cluster

    return compute_on_cluster(request, shards, out, scheduler, workers)
