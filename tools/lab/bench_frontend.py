"""`make bench-frontend`: our front-end against each stock one, the same clips in one run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend, preset
from tools import console, options
from tools.lab.oracles import Oracle, available, version

Clips = Sequence[NDArray[np.int16]]
ROUNDS = 5
TURN_S = 0.2  # the same for all: a turn of 25 ms would measure the moment
ONE_THREAD = "ours, batch, 1 thread"
CHIP_COLUMNS = ("Cortex-M7", "instructions per frame", "code bytes", "table bytes", "state bytes", "evidence")
SPECS = {
    "yamnet 25/10 ms, 64": preset("yamnet"),
    "micro_speech 30/20 ms, 40": preset("micro_speech"),
    "pymicro 30/10 ms, 40": FrontendSpec(step_ms=10),
}


def load_clips(limit: int) -> tuple[list[NDArray[np.int16]], str]:
    """Return recordings from all corpora at hand, or noise where there are none, and what they are.

    Args:
        limit: How many, spread evenly over all files; 0 for every one.
    """
    from firmware_bridge.sound.audio import read_audio
    from train.corpora.registry import data_folders

    files = sorted(file for folder in data_folders() for file in folder.rglob("*.flac"))
    if files:
        stride = max(1, len(files) // limit) if limit else 1
        chosen = files[::stride][: limit or None]
        # MLTK takes whole milliseconds only.
        clips = [pcm[: len(pcm) // 16 * 16] for pcm in (read_audio(file).pcm for file in chosen)]
        return clips, f"{len(clips)} of {len(files)} recordings"
    rng = np.random.default_rng(0)
    clips = [rng.integers(-3000, 3000, 48000).astype(np.int16) for _ in range(limit or 30)]
    return clips, f"{len(clips)} clips of noise (no recordings at hand)"


def seconds_of(run: Callable[[], object], turn_s: float = 0.0) -> float:
    """Return the wall time of a call in s, the best of as many as fit into a turn, one at least.

    What a call returns is freed after the clock has stopped.
    """
    best, ends = float("inf"), time.perf_counter() + turn_s
    while True:
        started = time.perf_counter()
        result = run()
        stopped = time.perf_counter()
        del result
        best = min(best, stopped - started)
        if stopped >= ends:
            return best


def contenders(
    spec: FrontendSpec, clips: Clips, oracles: Sequence[Oracle]
) -> dict[str, Callable[[], object]]:
    """Return what is raced: each computes all clips once."""
    cores = os.cpu_count() or 1
    ours = MicroFrontend(spec, "native")
    reference = MicroFrontend(spec, "reference")
    runs: dict[str, Callable[[], object]] = {
        "ours, C core": lambda: [ours.process(clip) for clip in clips],
        ONE_THREAD: lambda: ours.process_batch(clips, threads=1),
        f"ours, batch, {cores} threads": lambda: ours.process_batch(clips, threads=cores),
        "ours, NumPy reference": lambda: [reference.process(clip) for clip in clips],
    }
    for oracle in oracles:
        if oracle.supports(spec):
            name = f"{oracle.name} {version(oracle)}"
            runs[name] = lambda oracle=oracle: [oracle.process(clip, spec) for clip in clips]  # type: ignore[misc]
    return runs


def race(spec: FrontendSpec, clips: Clips, oracles: Sequence[Oracle], rounds: int) -> list[dict[str, Any]]:
    """Time all contenders turn by turn, several rounds, and return the best of each.

    Which is how fast each is on a quiet machine: the first turn also warms caches, states and memory.
    """
    runs = contenders(spec, clips, oracles)
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            best[name] = min(best[name], seconds_of(run, TURN_S))
    audio = sum(len(clip) for clip in clips) / spec.sample_rate_hz
    frames = sum(spec.frames(len(clip)) for clip in clips)
    stock = min((t for name, t in best.items() if not name.startswith("ours")), default=None)
    one = best[ONE_THREAD]
    return [
        {
            "name": name,
            "realtime_factor": round(audio / t),
            "us_per_frame": round(1e6 * t / frames, 3),
            "times_fastest_stock": round(stock / t, 2) if stock else None,
            "times_one_thread": round(one / t, 2) if name.endswith(" threads") else None,
        }
        for name, t in best.items()
    ]


def on_the_chip(spec: FrontendSpec) -> dict[str, Any]:
    """Return what a frame and a stream cost on an emulated Cortex-M7 (evidence: emulated).

    Raises:
        EnvironmentLacking: If the emulator or the compiler for it is missing.
    """
    from firmware_bridge.microfrontend.golden import golden_signals
    from tools.lab.m7 import run_clip

    run = run_clip(spec, golden_signals()["bursts"])
    return {
        "instructions_per_frame": round(run.per_frame),
        "code_bytes": run.code_bytes,
        "table_bytes": run.table_bytes,
        "state_bytes": run.state_bytes,
        "evidence": "emulated",
    }


def memory(spec: FrontendSpec) -> dict[str, int]:
    """Return the bytes of the tables, and of a stream's state on this host."""
    from firmware_bridge.microfrontend.native import load_core
    from firmware_bridge.microfrontend.tables import make_tables

    return {"tables": make_tables(spec).nbytes(), "state_on_host": load_core().state_bytes}


@click.command(name="bench-frontend")
@click.option("--clips", "limit", default=600, show_default=True, help="how many clips")
@click.option("--rounds", default=ROUNDS, show_default=True, help="rounds; the best of each contender counts")
@click.option("--out", type=click.Path(path_type=Path), help="write the results as JSON")
@options.as_json()
def command(limit: int, rounds: int, out: Path | None, as_json: bool) -> int:
    """Race our front-end against the stock ones."""
    from firmware_bridge.base.files import write_json
    from firmware_bridge.microfrontend.native import load_core

    clips, what = load_clips(limit)
    seconds = [clip[at : at + 16000] for clip in clips for at in range(0, len(clip) - 16000, 16000)]
    oracles, missing = available()
    core = load_core()
    result: dict[str, Any] = {
        "clips": what,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {core.lanes} frames side by side",
        "missing": missing,
        "versions": {oracle.name: version(oracle) for oracle in oracles},
        "whole clips": {name: race(spec, clips, oracles, rounds) for name, spec in SPECS.items()},
        "1 s clips": {"yamnet 25/10 ms, 64": race(preset("yamnet"), seconds, oracles, rounds)},
        "cortex_m7": {},
        "bytes": {name: memory(spec) for name, spec in SPECS.items()},
    }
    try:
        result["cortex_m7"] = {name: on_the_chip(spec) for name, spec in SPECS.items()}
    except EnvironmentLacking as error:
        missing.append(f"Cortex-M7: {error}")
    if out is not None:
        write_json(out, result)
    if as_json:
        console.emit_json(result)
        return 0
    console.emit_text(f"{what}; {result['machine']}; best of {rounds} rounds")
    columns = ("front-end", "x real time", "us per frame", "x fastest stock", "x one thread")
    for kind in ("whole clips", "1 s clips"):
        for name, rows in result[kind].items():
            console.emit_table(
                f"{name}, {kind}",
                columns,
                [["" if cell is None else cell for cell in row.values()] for row in rows],
            )
    for name, sizes in result["bytes"].items():
        console.emit_text(
            f"{name}: tables {sizes['tables']} bytes, state {sizes['state_on_host']} bytes on this host"
        )
    rows = [[name, *sizes.values()] for name, sizes in result["cortex_m7"].items()]
    if rows:
        console.emit_table("on the chip", CHIP_COLUMNS, rows)
    for line in missing:
        console.log(f"not raced: {line}")
    return 0


if __name__ == "__main__":
    raise SystemExit(command.main(standalone_mode=False))
