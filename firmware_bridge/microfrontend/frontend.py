"""The front-end that everybody uses: audio in, features out."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.progress import note
from firmware_bridge.microfrontend.audio import checked_pcm
from firmware_bridge.microfrontend.native import Core, NativeStream, NativeTables, load_core
from firmware_bridge.microfrontend.reference import ReferenceStream
from firmware_bridge.microfrontend.spec import FrontendSpec

Features = NDArray[np.uint16]
Backend = Literal["auto", "native", "reference"]
SHARES_PER_THREAD = 12


class Batch(NamedTuple):
    """What the threads of a batch share."""

    clips: list[NDArray[np.int16]]
    lengths: NDArray[np.intp]  # [clips] samples
    block: Features  # the frames of all clips, one after the other
    starts: NDArray[np.intp]  # [clips] rows of `block`
    waiting: deque[tuple[int, int]]  # shares: first clip, last clip + 1


def _shares(ends: NDArray[np.intp], threads: int) -> deque[tuple[int, int]]:
    """Cut a batch into shares for threads of which each takes the next one when it is done.

    A share is one call into C, so the first ones are large. Each is a part of the frames left, 1 / (2 threads),
    so that at the end no thread waits long for another (guided self-scheduling, Polychronopoulos and Kuck 1987).

    Args:
        ends: [clips], the frames of all clips up to and with each.
        threads: How many threads there are.

    Returns:
        First clip and last clip + 1 of each share.
    """
    clips = len(ends)
    if threads <= 1 or clips == 0:
        return deque([(0, clips)])
    left = (1 - 0.5 / threads) ** np.arange(1, threads * SHARES_PER_THREAD)
    cuts = np.searchsorted(ends, ends[-1] * (1 - left)).tolist()
    return deque((a, b) for a, b in itertools.pairwise([0, *cuts, clips]) if b > a)


@lru_cache(maxsize=1)
def _core_or_none() -> Core | None:
    """Return the C core, or None after telling the user that NumPy stands in for it."""
    try:
        return load_core()
    except EnvironmentLacking as error:
        note(f"features come from the NumPy reference, slower with the same bits: {error.what}")
        return None


class FrontendStream:
    """Features of audio that arrives in pieces of any length. Made by `MicroFrontend.stream`."""

    def __init__(self, stream: ReferenceStream | NativeStream) -> None:
        self._stream = stream

    def push(self, pcm: Any) -> Features:
        """Take int16[samples] and return the frames that it completes, uint16[frames, channels].

        Raises:
            AudioUnreadable: If `pcm` is not a one-dimensional int16 array.
        """
        return self._stream.push(checked_pcm(pcm))

    def activity_detected(self) -> bool:
        """Return whether activity was detected since this was last asked (False without a detector)."""
        return self._stream.activity_detected()

    def reset(self) -> None:
        """Forget everything heard so far; the stream is then as good as new."""
        self._stream.reset()


class MicroFrontend:
    """The micro-frontend of a spec.

    Args:
        spec: What to compute.
        backend: `native` is the C core, `reference` the NumPy specification, `auto` the C core where a
            compiler is found. All give the same bits.

    Raises:
        EnvironmentLacking: If `native` is asked for and there is no C compiler.
    """

    def __init__(self, spec: FrontendSpec, backend: Backend = "auto") -> None:
        self.spec = spec
        core = {"auto": _core_or_none, "native": load_core}.get(backend, lambda: None)()
        self.backend = "reference" if core is None else "native"
        self._core = core
        self._tables = None if core is None else NativeTables(core, spec)
        self._idle: list[NativeStream] = []  # append and pop are atomic: threads may share a front-end

    def process(self, pcm: Any) -> Features:
        """Return the features of a whole clip, from a fresh state.

        Args:
            pcm: int16[samples].

        Returns:
            uint16[frames, channels]; no frames where the clip is shorter than a window.

        Raises:
            AudioUnreadable: If `pcm` is not a one-dimensional int16 array.
        """
        samples = checked_pcm(pcm)
        if self._core is None:
            return ReferenceStream(self.spec).push(samples)
        stream = self._borrow()
        features = stream.push(samples)
        self._idle.append(stream)
        return features

    def process_batch(self, clips: Sequence[Any], threads: int = 1) -> list[Features]:
        """Return the features of each clip, each from a fresh state.

        Args:
            clips: int16[samples] each.
            threads: How many clips to compute at a time.

        Raises:
            AudioUnreadable: If a clip is not a one-dimensional int16 array.
        """
        checked = [checked_pcm(clip) for clip in clips]
        if self._core is None:
            return [ReferenceStream(self.spec).push(clip) for clip in checked]
        lengths = np.fromiter(map(len, checked), dtype=np.intp, count=len(checked))
        # `spec.frames` of all clips at once.
        counts = np.maximum((lengths - self.spec.window_samples) // self.spec.step_samples + 1, 0)
        ends = np.cumsum(counts)
        block = np.empty((int(counts.sum()), self.spec.channels), dtype=np.uint16)
        batch = Batch(checked, lengths, block, ends - counts, _shares(ends, threads))
        with ThreadPoolExecutor(max(1, threads - 1)) as pool:
            others = [pool.submit(self._work, batch) for _ in range(threads - 1)]
            outs = [block[a:b] for a, b in itertools.pairwise([0, *ends.tolist()])]
            self._work(batch)
            for other in others:
                other.result()  # a failure there is a failure here
        return outs

    def stream(self) -> FrontendStream:
        """Return a new stream with its own state."""
        return FrontendStream(ReferenceStream(self.spec) if self._core is None else self._new_stream())

    def _new_stream(self) -> NativeStream:
        assert self._core is not None and self._tables is not None
        return NativeStream(self._core, self.spec, self._tables)

    def _borrow(self) -> NativeStream:
        """Return an idle stream, reset, or a new one."""
        try:
            stream = self._idle.pop()
        except IndexError:
            return self._new_stream()
        stream.reset()
        return stream

    def _work(self, batch: Batch) -> None:
        """Compute shares until none is left; `popleft` is atomic."""
        stream = self._borrow()
        while True:
            try:
                a, b = batch.waiting.popleft()
            except IndexError:
                break
            stream.batch(batch.clips[a:b], batch.lengths[a:b], batch.block, batch.starts[a:b])
        self._idle.append(stream)
