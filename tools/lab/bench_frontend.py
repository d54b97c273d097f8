"""`make bench-frontend`: our front-end against each stock one, the same clips in one run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.progress import track
from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend, preset
from tools.lab.oracles import Oracle, available, version

Clips = Sequence[NDArray[np.int16]]
ROUNDS = 5
TURN_S = 0.2  # the same for all: a turn of 25 ms would measure the moment
ONE_THREAD = "ours, batch, 1 thread"
SPECS = {
    "yamnet 25/10 ms, 64": preset("yamnet"),
    "micro_speech 30/20 ms, 40": preset("micro_speech"),
    "pymicro 30/10 ms, 40": FrontendSpec(step_ms=10),
}


@dataclass(frozen=True)
class Contender:
    """How fast one implementation is, on a quiet machine.

    Attributes:
        name: Who, with its version.
        realtime_factor: Seconds of audio per second.
        us_per_frame: Microseconds a frame.
        times_fastest_stock: How many times as fast as the fastest stock one; None where there is none.
        times_one_thread: How many times as fast as one thread; None but for those with several.
    """

    name: str
    realtime_factor: int
    us_per_frame: float
    times_fastest_stock: float | None
    times_one_thread: float | None


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


def race(spec: FrontendSpec, clips: Clips, oracles: Sequence[Oracle], rounds: int) -> list[Contender]:
    """Time all contenders turn by turn, several rounds, and return the best of each.

    Which is how fast each is on a quiet machine: the first turn also warms caches, states and memory.
    """
    runs = contenders(spec, clips, oracles)
    best = dict.fromkeys(runs, float("inf"))
    for _ in track(range(rounds), "racing front-ends"):
        for name, run in runs.items():
            best[name] = min(best[name], seconds_of(run, TURN_S))
    audio = sum(len(clip) for clip in clips) / spec.sample_rate_hz
    frames = sum(spec.frames(len(clip)) for clip in clips)
    stock = min((t for name, t in best.items() if not name.startswith("ours")), default=None)
    one = best[ONE_THREAD]
    return [
        Contender(
            name,
            round(audio / t),
            round(1e6 * t / frames, 3),
            round(stock / t, 2) if stock else None,
            round(one / t, 2) if name.endswith(" threads") else None,
        )
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


@dataclass(frozen=True)
class Race:
    """What a whole race gave.

    Attributes:
        clips: What was computed.
        machine: Where.
        missing: A line for each stock library, or chip, that could not take part.
        versions: Of the stock libraries.
        whole_clips: Contenders by front-end, on whole recordings.
        second_clips: The same on pieces of one second.
        cortex_m7: What a frame and a stream cost on the emulated chip, by front-end; empty without the emulator.
        memory: Bytes of tables and state, by front-end.
    """

    clips: str
    machine: str
    missing: list[str]
    versions: dict[str, str]
    whole_clips: dict[str, list[Contender]]
    second_clips: dict[str, list[Contender]]
    cortex_m7: dict[str, dict[str, Any]]
    memory: dict[str, dict[str, int]]

    def as_dict(self) -> dict[str, Any]:
        """Return the race as JSON-ready data."""
        return asdict(self)


def hold(limit: int, rounds: int) -> Race:
    """Race our front-end against the stock ones that are installed.

    Args:
        limit: How many clips, spread over all recordings at hand; 0 for every one.
        rounds: The best round of each contender counts.
    """
    from firmware_bridge.microfrontend.native import load_core

    clips, what = load_clips(limit)
    seconds = [clip[at : at + 16000] for clip in clips for at in range(0, len(clip) - 16000, 16000)]
    oracles, missing = available()
    chip: dict[str, dict[str, Any]] = {}
    try:
        chip = {name: on_the_chip(spec) for name, spec in SPECS.items()}
    except EnvironmentLacking as error:
        missing = [*missing, f"Cortex-M7: {error}"]
    return Race(
        what,
        f"{platform.machine()}, {os.cpu_count()} cores, {load_core().lanes} frames side by side",
        missing,
        {oracle.name: version(oracle) for oracle in oracles},
        {name: race(spec, clips, oracles, rounds) for name, spec in SPECS.items()},
        {"yamnet 25/10 ms, 64": race(preset("yamnet"), seconds, oracles, rounds)},
        chip,
        {name: memory(spec) for name, spec in SPECS.items()},
    )
