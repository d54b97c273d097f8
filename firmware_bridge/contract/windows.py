"""How a segment of speech is cut into the windows that the networks see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.settings import Settings
from firmware_bridge.microfrontend.spec import FrontendSpec

SAMPLE_RATE_HZ = 16000


class Windowing(Settings):
    """Windows of fixed length at a fixed hop.

    Attributes:
        window_ms: Length of a window.
        hop_ms: Distance from the start of one window to the next.
    """

    window_ms: int = Field(default=5000, ge=100, le=60000)
    hop_ms: int = Field(default=1000, ge=10, le=60000)

    @property
    def window_samples(self) -> int:
        """Length of a window in samples at 16 kHz."""
        return self.window_ms * SAMPLE_RATE_HZ // 1000

    @property
    def hop_samples(self) -> int:
        """Hop in samples at 16 kHz."""
        return self.hop_ms * SAMPLE_RATE_HZ // 1000

    def count(self, samples: int) -> int:
        """Return how many windows a segment of `samples` samples has (at least one)."""
        return 1 + max(0, (samples - self.window_samples) // self.hop_samples)

    def frames_of(self, spec: FrontendSpec) -> tuple[int, int]:
        """Return the frames in a window, and the frames from the start of one window to the next.

        Windows share the frames of one stream, so each must begin on a frame.

        Args:
            spec: The front-end that computes the frames.

        Raises:
            InvalidSetting: The hop is not a whole number of steps, or a window holds no frame.
        """
        hop, rest = divmod(self.hop_samples, spec.step_samples)
        if rest:
            raise InvalidSetting(
                f"a hop of {self.hop_ms} ms is not a whole number of steps of {spec.step_ms} ms",
                f"set hop_ms to a multiple of {spec.step_ms}",
            )
        if not (window := spec.frames(self.window_samples)):
            raise InvalidSetting(
                f"a window of {self.window_ms} ms holds no frame of {spec.window_ms} ms",
                f"set window_ms to at least {spec.window_ms}",
            )
        return window, hop

    def cut(self, pcm: NDArray[np.int16]) -> list[NDArray[np.int16]]:
        """Return the windows of a segment.

        A segment shorter than one window is padded with zeros at its end. Of a longer one only full
        windows are used, as on the device, which never waits for audio that may not come.

        Args:
            pcm: int16[samples] at 16 kHz.

        Returns:
            At least one array int16[window_samples].

        Raises:
            InvalidSetting: The segment is not one-dimensional int16, or empty.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1 or pcm.size == 0:
            raise InvalidSetting(
                f"a segment must be int16[samples], not {pcm.dtype}{list(pcm.shape)}",
                "read the file with firmware_bridge.sound.audio.read_audio",
            )
        length, hop = self.window_samples, self.hop_samples
        if pcm.size < length:
            padded = np.zeros(length, np.int16)
            padded[: pcm.size] = pcm
            return [padded]
        return [pcm[start : start + length] for start in range(0, pcm.size - length + 1, hop)]
