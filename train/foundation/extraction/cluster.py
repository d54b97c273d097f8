"""Shards on a Dask cluster: one of this machine's cores, or any that a scheduler's address names.

A worker gets a shard's list and writes the shard's folder itself, so recordings and results must lie at the
same paths on every machine (a shared file system). A worker that dies gives its shard back: nothing is kept
in its memory that is not on disk. Dask sends its messages pickled: use a scheduler that you trust.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import EnvironmentLacking, UndertoneError
from firmware_bridge.base.progress import track
from train.foundation.extraction.plan import Request, Shard
from train.foundation.extraction.shard import compute_shard

CONNECT_TIMEOUT_S = 20
DASHBOARD = "127.0.0.1:0"  # any free port of this machine; the usual one may be taken
DEATHS = 3  # a shard that takes so many workers with it is not tried again


def compute_on_cluster(
    request: Request, shards: list[Shard], out: Path, scheduler: str | None, workers: int
) -> int:
    """Compute shards on a cluster.

    Args:
        request: What is wanted.
        shards: Which shards.
        out: Where they go, the same path for every worker.
        scheduler: Address of a scheduler; `None` starts `workers` processes here.
        workers: How many, without a scheduler.

    Returns:
        How many workers there were at the start.

    Raises:
        EnvironmentLacking: The scheduler does not answer or has no workers, or a shard kills its workers.
        UndertoneError: Whatever a worker ran into; what other workers finished stays.
    """
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    with _client(scheduler, workers) as client:
        present = len(client.scheduler_info(n_workers=-1)["workers"])
        futures = [
            client.submit(_on_worker, request, shard, out.resolve(), key=f"undertone-{shard.key}", pure=False)
            for shard in shards
        ]
        done = as_completed(futures)
        try:
            for future in track(done, f"listening with {request.encoder} on {present} workers", len(futures)):
                if trouble := future.result():
                    raise UndertoneError(trouble["what"], trouble["remedy"], trouble["see"])
        except KilledWorker as problem:
            raise EnvironmentLacking(
                f"{DEATHS + 1} workers died on one shard (out of memory?)",
                "give the workers more memory, or use fewer of them per machine; finished shards are kept",
            ) from problem
        finally:
            client.cancel(futures, force=True)
        return present


def _on_worker(request: Request, shard: Shard, out: Path) -> dict[str, str] | None:
    """Compute a shard; return what went wrong in words, because errors of more than one part do not travel."""
    try:
        compute_shard(request, shard, out)
    except UndertoneError as problem:
        return problem.as_dict()
    return None


@contextlib.contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Yield a client of the scheduler, or of a cluster of this machine's processes."""
    import dask
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}))
        if scheduler is None:
            # One thread each: torch and TensorFlow do not share a network between threads.
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=DASHBOARD, silence_logs=40
            )
            yield stack.enter_context(Client(stack.enter_context(cluster)))
            return
        try:
            client = stack.enter_context(Client(scheduler, timeout=CONNECT_TIMEOUT_S))
        except (OSError, TimeoutError, ValueError) as problem:
            raise EnvironmentLacking(
                f"no Dask scheduler answers at {scheduler}",
                "start one with 'dask scheduler' and workers with 'dask worker ADDRESS', or leave --scheduler out",
            ) from problem
        try:
            client.wait_for_workers(1, timeout=CONNECT_TIMEOUT_S)
        except TimeoutError as problem:
            raise EnvironmentLacking(
                f"the scheduler at {scheduler} has no workers", "start some: dask worker ADDRESS --nthreads 1"
            ) from problem
        yield client
