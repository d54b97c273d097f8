# Made from protocol.toml by `python -m firmware_bridge.protocol.python_messages`: do not edit.
"""The messages of the wire as classes, with the fields that the table gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.protocol.message import Message, Reply, Request


@dataclass(frozen=True, eq=False)
class Identity(Reply):
    """Reply `identity`."""

    name, kind = "identity", 129

    session: int
    build: str
    bundle: str
    frontend: str
    acoustic_sha256: str
    keyword_sha256: str
    evidence: str
    capabilities: int
    slot: int
    cycles_per_us: int
    labels: int
    keywords: int
    window_samples: int
    hop_samples: int
    frames: int
    channels: int
    chunk_samples: int
    chunks_in_flight: int
    segment_samples: int
    reset_reason: int
    troubles: int


@dataclass(frozen=True, eq=False)
class Ready(Reply):
    """Reply `ready`."""

    name, kind = "ready", 130

    segment: int
    received: int


@dataclass(frozen=True, eq=False)
class Ack(Reply):
    """Reply `ack`."""

    name, kind = "ack", 131

    segment: int
    received: int
    credit: int


@dataclass(frozen=True, eq=False)
class Result(Reply):
    """Reply `result`."""

    name, kind = "result", 132

    segment: int
    windows: int
    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    acoustic_scale: float
    acoustic_zero_point: int
    keyword_scale: float
    keyword_zero_point: int
    fused_scale: float
    fused_zero_point: int
    features_cycles: int
    tail_cycles: int
    scaling_cycles: int
    acoustic_cycles: int
    keyword_cycles: int
    fusion_cycles: int
    ram_peak_bytes: int
    stack_peak_bytes: int


@dataclass(frozen=True, eq=False)
class Features(Reply):
    """Reply `features`."""

    name, kind = "features", 133

    segment: int
    window: int
    first_frame: int
    frames_in_window: int
    values: NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Stats(Reply):
    """Reply `stats`."""

    name, kind = "stats", 134

    uptime_ms: int
    frames_good: int
    frames_bad: int
    replies_repeated: int
    segments_scored: int
    windows_scored: int
    audio_gaps: int
    receive_overruns: int
    microphone_overruns: int
    features_cycles: int
    scaling_cycles: int
    acoustic_cycles: int
    keyword_cycles: int
    fusion_cycles: int
    longest_window_cycles: int
    receive_peak_bytes: int
    ram_bytes: int
    ram_peak_bytes: int
    stack_peak_bytes: int
    temperature_mc: int
    reset_reason: int
    restarts: int
    watchdog_resets: int
    faults: int
    tpu_failures: int


@dataclass(frozen=True, eq=False)
class ResetDone(Reply):
    """Reply `reset_done`."""

    name, kind = "reset_done", 135


@dataclass(frozen=True, eq=False)
class Listening(Reply):
    """Reply `listening`."""

    name, kind = "listening", 136

    mode: int


@dataclass(frozen=True, eq=False)
class Live(Reply):
    """Reply `live`."""

    name, kind = "live", 137

    windows: int
    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    smoothed: NDArray[np.int8]
    lost_samples: int


@dataclass(frozen=True, eq=False)
class Captured(Reply):
    """Reply `captured`."""

    name, kind = "captured", 138

    offset: int
    available: int
    lost_samples: int
    pcm: NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class UpdateReady(Reply):
    """Reply `update_ready`."""

    name, kind = "update_ready", 139

    slot: int
    received: int


@dataclass(frozen=True, eq=False)
class UpdateAck(Reply):
    """Reply `update_ack`."""

    name, kind = "update_ack", 140

    received: int


@dataclass(frozen=True, eq=False)
class UpdateDone(Reply):
    """Reply `update_done`."""

    name, kind = "update_done", 141

    slot: int
    bundle: str


@dataclass(frozen=True, eq=False)
class Crash(Reply):
    """Reply `crash`."""

    name, kind = "crash", 142

    reason: int
    uptime_ms: int
    task: str
    registers: NDArray[np.uint32]
    trace: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Error(Reply):
    """Reply `error`."""

    name, kind = "error", 255

    code: int
    request: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Hello(Request[Identity]):
    """Request `hello`, for a `identity`."""

    name, kind, reply = "hello", 1, Identity

    session: int


@dataclass(frozen=True, eq=False)
class Begin(Request[Ready]):
    """Request `begin`, for a `ready`."""

    name, kind, reply = "begin", 2, Ready

    segment: int
    samples: int


@dataclass(frozen=True, eq=False)
class Audio(Request[Ack]):
    """Request `audio`, for a `ack`."""

    name, kind, reply = "audio", 3, Ack

    segment: int
    offset: int
    pcm: NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class End(Request[Result]):
    """Request `end`, for a `result`."""

    name, kind, reply = "end", 4, Result

    segment: int
    checksum: int


@dataclass(frozen=True, eq=False)
class GetFeatures(Request[Features]):
    """Request `get_features`, for a `features`."""

    name, kind, reply = "get_features", 5, Features

    segment: int
    window: int
    first_frame: int


@dataclass(frozen=True, eq=False)
class GetStats(Request[Stats]):
    """Request `get_stats`, for a `stats`."""

    name, kind, reply = "get_stats", 6, Stats


@dataclass(frozen=True, eq=False)
class Reset(Request[ResetDone]):
    """Request `reset`, for a `reset_done`."""

    name, kind, reply = "reset", 7, ResetDone


@dataclass(frozen=True, eq=False)
class Listen(Request[Listening]):
    """Request `listen`, for a `listening`."""

    name, kind, reply = "listen", 8, Listening

    mode: int


@dataclass(frozen=True, eq=False)
class GetLive(Request[Live]):
    """Request `get_live`, for a `live`."""

    name, kind, reply = "get_live", 9, Live


@dataclass(frozen=True, eq=False)
class GetCapture(Request[Captured]):
    """Request `get_capture`, for a `captured`."""

    name, kind, reply = "get_capture", 10, Captured

    offset: int


@dataclass(frozen=True, eq=False)
class UpdateBegin(Request[UpdateReady]):
    """Request `update_begin`, for a `update_ready`."""

    name, kind, reply = "update_begin", 11, UpdateReady

    bytes: int
    sha256: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class UpdateData(Request[UpdateAck]):
    """Request `update_data`, for a `update_ack`."""

    name, kind, reply = "update_data", 12, UpdateAck

    offset: int
    data: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class UpdateEnd(Request[UpdateDone]):
    """Request `update_end`, for a `update_done`."""

    name, kind, reply = "update_end", 13, UpdateDone


@dataclass(frozen=True, eq=False)
class GetCrash(Request[Crash]):
    """Request `get_crash`, for a `crash`."""

    name, kind, reply = "get_crash", 14, Crash


# All of them, in the table's order.
ALL: Final[tuple[type[Message], ...]] = (
    Hello,
    Begin,
    Audio,
    End,
    GetFeatures,
    GetStats,
    Reset,
    Listen,
    GetLive,
    GetCapture,
    UpdateBegin,
    UpdateData,
    UpdateEnd,
    GetCrash,
    Identity,
    Ready,
    Ack,
    Result,
    Features,
    Stats,
    ResetDone,
    Listening,
    Live,
    Captured,
    UpdateReady,
    UpdateAck,
    UpdateDone,
    Crash,
    Error,
)
