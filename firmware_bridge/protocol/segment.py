"""The segment that a device holds: received in order, checked, scored once."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.protocol.engine import PCM, Engine, Identity
from firmware_bridge.protocol.table import LIMITS, TABLE, ErrorCode

# `tail` is the part of `features` that is left to do when a window's last sample is there.
STAGES = ("features", "tail", "scaling", "acoustic", "keyword", "fusion")
LATENCY_STAGES = STAGES[1:]
NO_BUNDLE = "neither slot holds a bundle that this firmware can run"
FEATURE_VALUES = next(field.most for field in TABLE.layouts["features"].fields if field.name == "values")


class Refusal(UndertoneError):
    """A request that the device answers with an error.

    Args:
        code: A member of `ErrorCode`.
        sentence: What was wrong, for a person.
    """

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@contextlib.contextmanager
def _failures_said() -> Iterator[None]:
    """Turn a failure of the engine into an answer: a device must not fall silent."""
    try:
        yield
    except Refusal:
        raise
    except (UndertoneError, ValueError, RuntimeError) as error:
        raise Refusal(ErrorCode.INTERNAL, f"the computation failed: {error}") from error


class SegmentStore:
    """Takes one segment at a time, in order, and has it scored.

    Args:
        engine: Computes features and scores; None where the device holds no bundle.
        identity: Scales of the scores, and the lengths of windows.

    Attributes:
        scored: Segments scored since the start.
        windows_scored: Windows scored since the start; a device scores each as soon as it is complete.
        gaps: How often audio came that does not join what had come.
    """

    def __init__(self, engine: Engine | None, identity: Identity) -> None:
        self._engine, self._identity = engine, identity
        self.scored = 0
        self.windows_scored = 0
        self.gaps = 0
        self.clear()

    def clear(self) -> None:
        """Forget the segment."""
        self._segment: int | None = None
        self._pcm: PCM = np.zeros(0, np.int16)
        self._received = 0
        self._unacknowledged = 0
        self._result: dict[str, Any] | None = None
        self._features: Sequence[NDArray[np.uint16]] | None = None
        self._complete_windows = 0

    def begin(self, segment: int, samples: int) -> dict[str, Any]:
        """Start a segment of `samples` samples; a repeated start of the same one changes nothing."""
        self._running()
        if samples > LIMITS["segment_samples"]:
            raise Refusal(ErrorCode.TOO_LONG, f"{samples} samples; at most {LIMITS['segment_samples']} fit")
        if samples == 0:
            raise Refusal(ErrorCode.TOO_SHORT, "a segment without samples")
        if (segment, samples) != (self._segment, len(self._pcm)):
            self.clear()
            self._segment, self._pcm = segment, np.zeros(samples, np.int16)
        return {"segment": segment, "received": self._received}

    def audio(self, segment: int, offset: int, pcm: PCM) -> dict[str, Any] | None:
        """Take the samples that belong at `offset`; samples after a gap are not taken, the reply says so.

        Returns:
            The fields of an `ack`, or nothing while the batch is not full.
        """
        self._require(segment)
        if offset + len(pcm) > len(self._pcm):
            sentence = f"audio at {offset} runs past the end at {len(self._pcm)}"
            raise Refusal(ErrorCode.OUT_OF_RANGE, sentence)
        in_order = offset == self._received
        if in_order:
            self._pcm[offset : offset + len(pcm)] = pcm
            self._received += len(pcm)
            self._unacknowledged += 1
            self._count_windows(self._identity.full_windows(self._received))
        elif offset > self._received:
            self.gaps += 1
        complete = self._received == len(self._pcm)
        if in_order and not complete and self._unacknowledged < LIMITS["chunks_per_ack"]:
            return None
        self._unacknowledged = 0
        return {"segment": segment, "received": self._received, "credit": LIMITS["chunks_in_flight"]}

    def end(self, segment: int, checksum: int) -> dict[str, Any]:
        """Check the samples and return the fields of a `result`, memory marks excepted."""
        pcm = self._complete(segment)
        if zlib.crc32(pcm.astype("<i2").tobytes()) != checksum:
            self.clear()
            raise Refusal(
                ErrorCode.WRONG_CHECKSUM, "the samples do not match their checksum; send them again"
            )
        self._pad()
        if self._result is None:
            with _failures_said():
                scores = self._running().score_segment(pcm)
            self.scored += 1
            self._result = {"segment": segment, "windows": self._complete_windows}
            for branch in ("acoustic", "keyword", "fused"):
                scale, zero_point = self._identity.scales[branch]
                self._result[branch] = getattr(scores, branch)
                self._result |= {f"{branch}_scale": scale, f"{branch}_zero_point": zero_point}
            times = {f"{stage}_cycles": round(scores.stage_us.get(stage, 0)) for stage in STAGES}
            self._result |= {name: cycles & 0xFFFFFFFF for name, cycles in times.items()}
        return self._result

    def features(self, segment: int, window: int, first_frame: int) -> dict[str, Any]:
        """Return the fields of a `features` reply: as many frames as fit, from `first_frame` on."""
        pcm = self._complete(segment)
        self._pad()
        if window >= self._complete_windows:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"window {window} of {self._complete_windows}")
        if self._features is None:
            with _failures_said():
                self._features = self._running().segment_features(pcm)
        values = self._features[window]
        if first_frame >= len(values):
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"frame {first_frame} of {len(values)}")
        last = first_frame + FEATURE_VALUES // values.shape[1]
        return {
            "segment": segment,
            "window": window,
            "first_frame": first_frame,
            "frames_in_window": len(values),
            "values": values[first_frame:last].ravel(),
        }

    def _running(self) -> Engine:
        if self._engine is None:
            raise Refusal(ErrorCode.NO_BUNDLE, NO_BUNDLE)
        return self._engine

    def _count_windows(self, complete: int) -> None:
        # What was padded stays scored, whatever empty chunk comes after it.
        complete = max(complete, self._complete_windows)
        self.windows_scored += complete - self._complete_windows
        self._complete_windows = complete

    def _pad(self) -> None:
        """A device now pads what is shorter than a window, and scores it."""
        self._count_windows(1)

    def _require(self, segment: int) -> None:
        self._running()
        if segment != self._segment:
            raise Refusal(ErrorCode.NO_SEGMENT, f"segment {segment} was not begun")

    def _complete(self, segment: int) -> PCM:
        self._require(segment)
        if self._received < len(self._pcm):
            raise Refusal(ErrorCode.INCOMPLETE, f"{self._received} of {len(self._pcm)} samples came")
        return self._pcm
