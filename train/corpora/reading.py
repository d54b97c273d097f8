"""Reading the sound of many clips, with one line for each kind of conversion instead of one per file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.progress import note, track
from firmware_bridge.sound.audio import read_audio
from train.corpora.record import Clip


def read_clips(clips: Sequence[Clip], title: str = "reading clips") -> list[npt.NDArray[np.int16]]:
    """Return each clip's samples, int16 [n] at 16 kHz, in order; says what had to be converted.

    Args:
        clips: Clips with audio.
        title: What the progress bar says.

    Raises:
        AudioUnreadable: A file is damaged, truncated or empty.
    """
    samples: list[npt.NDArray[np.int16]] = []
    done: Counter[str] = Counter()
    for clip in track(clips, title):
        audio = read_audio(clip.path)
        samples.append(audio.pcm)
        # How many samples clipped differs from file to file; that some did is what is counted.
        done.update("loud samples clipped" if text.endswith("clipped") else text for text in audio.notes)
    for text, files in sorted(done.items()):
        note(f"converted {text}: {files} of {len(clips)} files")
    return samples
