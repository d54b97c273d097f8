"""How fast the twin is: `undertone bench twin`.

These are the laptop's times, and so never a statement about the chip; the instruction counts are.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.progress import track
from firmware_bridge.ports.twin.build import build_twin
from firmware_bridge.ports.twin.device import Twin, bundle_flash
from firmware_bridge.protocol import LIMITS, Frame, Kind, encode, encode_frame


@dataclass(frozen=True)
class Speed:
    """One run.

    Attributes:
        boot_s: From a built firmware to a device that waits: laptop seconds of one core.
        boot_instructions: What the boot took.
        audio_s: Audio that was streamed.
        emulation_s: Laptop seconds that the processor and the board took, of one core.
        networks_s: Laptop seconds that the stand-in of the Edge TPU took.
        instructions: What the stream took, boot excluded.
        by_function: The same per function, boot included.
    """

    boot_s: float
    boot_instructions: int
    audio_s: float
    emulation_s: float
    networks_s: float
    instructions: int
    by_function: dict[str, int]

    @property
    def realtime_factor(self) -> float:
        """Return audio seconds per second of one core, networks included."""
        return self.audio_s / (self.emulation_s + self.networks_s)

    def as_dict(self) -> dict[str, Any]:
        """Return the run as JSON-ready data."""
        return {"realtime_factor": self.realtime_factor, **asdict(self)}


def measure(bundle_dir: Path, seconds: int) -> Speed:
    """Stream a segment of noise through a twin.

    Args:
        bundle_dir: Directory of the bundle.
        seconds: Length of the segment, at most 60.

    Raises:
        UndertoneError: What `build_twin` and `Twin` raise.
    """
    firmware = build_twin(bundle_dir)
    pieces = _stream(np.random.default_rng(1).normal(0, 3000, 16_000 * seconds).astype(np.int16))
    began = time.process_time()
    twin = Twin(firmware, bundle_flash(bundle_dir))
    twin.boot()
    boot_s, boot_instructions = time.process_time() - began, twin.instructions
    mailbox = twin.board.mailbox
    mailbox.seconds = 0.0
    began = time.process_time()
    for piece in track(pieces, "streaming through the twin"):
        twin.receive(piece)
    spent = time.process_time() - began
    return Speed(
        boot_s,
        boot_instructions,
        float(seconds),
        spent - mailbox.seconds,
        mailbox.seconds,
        twin.instructions - boot_instructions,
        twin.by_function(),
    )


def _stream(pcm: NDArray[np.int16]) -> list[bytes]:
    def wire(name: str, sequence: int, **fields: object) -> bytes:
        return encode_frame(Frame(int(Kind[name.upper()]), sequence, encode(name, **fields)))

    step = LIMITS["chunk_samples"]
    audio = [
        wire("audio", 3 + i, segment=1, offset=at, pcm=pcm[at : at + step])
        for i, at in enumerate(range(0, len(pcm), step))
    ]
    end = wire("end", 3 + len(audio), segment=1, checksum=zlib.crc32(pcm.tobytes()))
    return [wire("hello", 1, session=1), wire("begin", 2, segment=1, samples=len(pcm)), *audio, end]
