"""The segment that a device holds: received in order, checked, scored once."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.protocol.engine import PCM, Engine, Identity, MemoryMarks, Scores
from firmware_bridge.protocol.messages import Ack, Features, Ready, Result
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
        self._scores: Scores | None = None
        self._features: Sequence[NDArray[np.uint16]] | None = None
        self._complete_windows = 0

    def begin(self, segment: int, samples: int) -> Ready:
        """Start a segment of `samples` samples; a repeated start of the same one changes nothing."""
        self._running()
        if samples > LIMITS["segment_samples"]:
            raise Refusal(ErrorCode.TOO_LONG, f"{samples} samples; at most {LIMITS['segment_samples']} fit")
        if samples == 0:
            raise Refusal(ErrorCode.TOO_SHORT, "a segment without samples")
        if (segment, samples) != (self._segment, len(self._pcm)):
            self.clear()
            self._segment, self._pcm = segment, np.zeros(samples, np.int16)
        return Ready(segment, self._received)

    def audio(self, segment: int, offset: int, pcm: PCM) -> Ack | None:
        """Take the samples that belong at `offset`; samples after a gap are not taken, the reply says so.

        Returns:
            Nothing while the batch is not full.
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
        return Ack(segment, self._received, LIMITS["chunks_in_flight"])

    def end(self, segment: int, checksum: int, memory: Callable[[], MemoryMarks] = MemoryMarks) -> Result:
        """Check the samples, have them scored once, and return the result.

        Args:
            segment: Its number.
            checksum: CRC-32 of its samples.
            memory: Reads the port's memory marks, after the scoring.
        """
        pcm = self._complete(segment)
        if zlib.crc32(pcm.astype("<i2").tobytes()) != checksum:
            self.clear()
            raise Refusal(
                ErrorCode.WRONG_CHECKSUM, "the samples do not match their checksum; send them again"
            )
        self._pad()
        if self._scores is None:
            with _failures_said():
                self._scores = self._running().score_segment(pcm)
            self.scored += 1
        return self._result_of(segment, self._scores, memory())

    def _result_of(self, segment: int, scores: Scores, marks: MemoryMarks) -> Result:
        scales = self._identity.scales
        cycles = {stage: round(scores.stage_us.get(stage, 0)) & 0xFFFFFFFF for stage in STAGES}
        return Result(
            segment=segment,
            windows=self._complete_windows,
            acoustic=scores.acoustic,
            keyword=scores.keyword,
            fused=scores.fused,
            acoustic_scale=scales["acoustic"][0],
            acoustic_zero_point=scales["acoustic"][1],
            keyword_scale=scales["keyword"][0],
            keyword_zero_point=scales["keyword"][1],
            fused_scale=scales["fused"][0],
            fused_zero_point=scales["fused"][1],
            features_cycles=cycles["features"],
            tail_cycles=cycles["tail"],
            scaling_cycles=cycles["scaling"],
            acoustic_cycles=cycles["acoustic"],
            keyword_cycles=cycles["keyword"],
            fusion_cycles=cycles["fusion"],
            ram_peak_bytes=marks.ram_peak_bytes,
            stack_peak_bytes=marks.stack_peak_bytes,
        )

    def features(self, segment: int, window: int, first_frame: int) -> Features:
        """Return as many frames of a window as fit, from `first_frame` on."""
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
        return Features(segment, window, first_frame, len(values), values[first_frame:last].ravel())

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
