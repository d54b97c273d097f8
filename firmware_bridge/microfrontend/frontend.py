"""The front-end that everybody uses: audio in, features out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend.audio import checked_pcm
from firmware_bridge.microfrontend.reference import ReferenceStream
from firmware_bridge.microfrontend.spec import FrontendSpec

Features = NDArray[np.uint16]


class FrontendStream:
    """Features of audio that arrives in pieces of any length."""

    def __init__(self, spec: FrontendSpec) -> None:
        self._stream = ReferenceStream(spec)

    def push(self, pcm: Any) -> Features:
        """Take int16[samples] and return the frames that it completes, uint16[frames, channels].

        Raises:
            AudioUnreadable: If `pcm` is not a one-dimensional int16 array.
        """
        return self._stream.push(checked_pcm(pcm))

    def reset(self) -> None:
        """Forget everything heard so far; the stream is then as good as new."""
        self._stream.reset()


class MicroFrontend:
    """The micro-frontend of a spec.

    Args:
        spec: What to compute.
    """

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec

    def process(self, pcm: Any) -> Features:
        """Return the features of a whole clip, from a fresh state.

        Args:
            pcm: int16[samples].

        Returns:
            uint16[frames, channels]; no frames where the clip is shorter than a window.

        Raises:
            AudioUnreadable: If `pcm` is not a one-dimensional int16 array.
        """
        return self.stream().push(pcm)

    def process_batch(self, clips: Sequence[Any], threads: int = 1) -> list[Features]:
        """Return the features of each clip, each from a fresh state.

        Args:
            clips: int16[samples] each.
            threads: How many to compute at a time.
        """
        return [self.process(clip) for clip in clips]

    def stream(self) -> FrontendStream:
        """Return a new stream with its own state."""
        return FrontendStream(self.spec)
