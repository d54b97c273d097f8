"""The door for audio: what the front-end accepts, and what to do about the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import AudioUnreadable

INT16 = np.dtype(np.int16)


def checked_pcm(pcm: Any) -> NDArray[np.int16]:
    """Return the audio as contiguous native int16[samples]; a view where it already is.

    Non-contiguous, unaligned and byte-swapped arrays are copied. Nothing is converted silently.

    Raises:
        AudioUnreadable: If it is not a one-dimensional int16 array; names the conversion to use.
    """
    if type(pcm) is np.ndarray and pcm.dtype is INT16 and pcm.ndim == 1 and pcm.flags.carray:
        return pcm  # the common case, ten times sooner: batches of short clips feel it
    array = np.asarray(pcm)
    if array.ndim != 1:
        raise AudioUnreadable(
            f"the front-end takes one channel of audio, this array has shape {array.shape}",
            "pass one channel, or the mean of all: pcm.mean(axis=1).round().astype(np.int16)",
        )
    if array.size and array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise AudioUnreadable(
                "the audio has NaN or infinite samples", "find out what wrote them; drop the clip"
            )
        raise AudioUnreadable(
            f"the front-end takes int16 samples, not {array.dtype}",
            "for samples in -1..1: (np.clip(x, -1, 1) * 32767).round().astype(np.int16)",
        )
    if array.size and array.dtype.newbyteorder("=") != np.int16:
        raise AudioUnreadable(
            f"the front-end takes int16 samples, not {array.dtype}",
            "for 32-bit samples keep the upper half: (x >> 16).astype(np.int16)",
        )
    return np.require(array, dtype=np.int16, requirements=["C", "A"])
