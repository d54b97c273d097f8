"""The specification: the micro-frontend in NumPy, written to be read. The C core must equal it in every bit.

```
int16 audio (-> DC notch) -> window -> shift up -> FFT -> energy -> mel channels -> square root -> shift back
            -> noise reduction -> PCAN -> log -> uint16
```
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend import stages
from firmware_bridge.microfrontend.fft import real_fft
from firmware_bridge.microfrontend.spec import FrontendSpec
from firmware_bridge.microfrontend.tables import make_tables

BLOCK_FRAMES = 256  # frames computed at once: enough for NumPy's speed, little memory for long audio


class ReferenceStream:
    """A front-end with its state: the samples not yet used up and the noise estimate."""

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec
        self._tables = make_tables(spec)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._pending = np.zeros(0, dtype=np.int16)
        self._estimate = np.zeros(self.spec.channels, dtype=np.int64)
        self._notch = [0, 0]
        self._activity = [0, 0, 0]
        self._tripped = False

    def activity_detected(self) -> bool:
        """Return whether the activity detector tripped since this was last asked."""
        tripped, self._tripped = self._tripped, False
        return tripped

    def push(self, pcm: NDArray[np.int16]) -> NDArray[np.uint16]:
        """Take audio of any length and return the frames that it completes.

        Args:
            pcm: int16[samples].

        Returns:
            uint16[frames, channels].
        """
        spec = self.spec
        if self._tables.dc_notch >= 0:
            pcm = stages.notched(pcm, self._tables.dc_notch, self._notch)
        samples = np.concatenate([self._pending, pcm])
        count = spec.frames(len(samples))
        out = np.empty((count, spec.channels), dtype=np.uint16)
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(samples, spec.window_samples)[
                :: spec.step_samples
            ]
            for first in range(0, count, BLOCK_FRAMES):
                block = slice(first, min(first + BLOCK_FRAMES, count))
                out[block] = self._features(frames[block])
        self._pending = samples[count * spec.step_samples :].copy()
        return out

    def _features(self, frames: NDArray[np.int16]) -> NDArray[np.uint16]:
        """Return the features of consecutive frames, int16[frames, window] to uint16[frames, channels]."""
        tables = self._tables
        shifted, shifts = stages.windowed(frames, tables, self.spec.fft_size)
        re, im = real_fft(shifted, tables.twiddles, tables.split_twiddles)
        signal = stages.rounded_sqrt(stages.channel_energies(re, im, tables)) >> shifts[:, None]
        if len(tables.activity):
            self._tripped |= stages.activity_tripped(signal, self._activity, tables)
        if len(tables.noise):
            signal, estimates = stages.noise_reduced(signal, self._estimate, tables)
            if len(tables.pcan_gain):
                signal = stages.pcan_normalised(signal, estimates, tables)
        if len(tables.log):
            signal = stages.log_scaled(signal, tables)
        return np.minimum(signal, 0xFFFF).astype(np.uint16)
