"""Reading the sound of many clips, with one line for each kind of conversion instead of one per file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.base.progress import note, track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, Audio, read_audio, to_pcm16
from train.corpora.record import Clip

# How far a label may reach beyond its recording's end: tables round, and some were made on the video.
OVERSHOOT_S = 0.5


class ClipReader:
    """Reads clips one after the other; a file that holds several neighbouring clips is decoded once."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._audio: Audio | None = None

    def read(self, clip: Clip) -> Audio:
        """Return a clip's samples, int16 [n] at 16 kHz mono, with the conversions that they took.

        Raises:
            AudioUnreadable: The file is damaged, truncated or empty, or ends before the clip does.
        """
        if self._audio is None or self._path != clip.path:
            self._audio, self._path = read_audio(clip.path), clip.path
        if clip.start_s is None or clip.end_s is None:
            return self._audio
        first, last = (round(at * SAMPLE_RATE_HZ) for at in (clip.start_s, clip.end_s))
        held = len(self._audio.pcm)
        if not 0 <= first < min(last, held) or last - held > OVERSHOOT_S * SAMPLE_RATE_HZ:
            raise AudioUnreadable(
                f"{clip.path}: the labels speak of {clip.start_s:g} to {clip.end_s:g} s, "
                f"but the sound is {held / SAMPLE_RATE_HZ:.2f} s long",
                "fetch the recording again; the labels belong to another one",
            )
        if clip.channel == "fainter":
            return Audio(_fainter(clip.path, clip.start_s, clip.end_s), self._audio.notes)
        return Audio(self._audio.pcm[first:last], self._audio.notes)


def _fainter(path: Path, start_s: float, end_s: float) -> npt.NDArray[np.int16]:
    """Return a stretch of the channel with the least energy there, int16 [n] at 16 kHz."""
    import soundfile
    import soxr

    with soundfile.SoundFile(path) as stream:
        rate = int(stream.samplerate)
        stream.seek(round(start_s * rate))
        samples = stream.read(round((end_s - start_s) * rate), dtype="float32", always_2d=True)
    channel = samples[:, int((samples.astype(np.float64) ** 2).sum(axis=0).argmin())]
    return to_pcm16(
        channel if rate == SAMPLE_RATE_HZ else soxr.resample(channel, rate, SAMPLE_RATE_HZ, quality="HQ")
    )


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
    reader = ClipReader()
    for clip in track(clips, title):
        audio = reader.read(clip)
        samples.append(audio.pcm)
        # How many samples clipped differs from file to file; that some did is what is counted.
        done.update("loud samples clipped" if text.endswith("clipped") else text for text in audio.notes)
    for text, files in sorted(done.items()):
        note(f"converted {text}: {files} of {len(clips)} files")
    return samples
