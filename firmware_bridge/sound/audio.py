"""Sound files in, 16 kHz mono int16 out; a file that cannot be trusted is refused.

Everything that is not 16 kHz mono 16 bit is converted, and the conversion is noted, so that whoever
reads the file can say it. libsndfile silently shortens a truncated WAV: its header is checked here.
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.base.files import write_bytes

SAMPLE_RATE_HZ = 16_000
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3"})
# Formats whose header or frames give a truncation away; of others (Ogg, AIFF) half a file looks whole.
FORMATS = frozenset({"WAV", "WAVEX", "FLAC", "MP3"})

# A header that promises more than this is damaged (or is no clip): refuse it before memory is asked for.
LONGEST_S = 6 * 3600
# Data sizes that programs write into a WAV header when they stream and cannot know the length.
STREAMED_SIZES = frozenset({0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF - 36, 0x7FFFF000, 0xFFFFF000})
EXACT_IN_INT16 = frozenset({"PCM_16", "PCM_S8", "PCM_U8"})


@dataclass(frozen=True, eq=False)
class Audio:
    """A clip that is ready for the front-end.

    Attributes:
        pcm: int16, 1-D, 16 kHz, mono.
        notes: The conversions that were done, for instance `stereo to mono`; empty for a file that fitted.
    """

    pcm: npt.NDArray[np.int16]
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.pcm) / SAMPLE_RATE_HZ


def to_pcm16(samples: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    """Return `samples` (full scale 1.0) as int16: times 32768, rounded half to even, clipped."""
    scaled = np.rint(np.asarray(samples, dtype=np.float64) * 32768.0)
    clipped: npt.NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype(np.int16)
    return clipped


def to_float(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Return int16 samples as float32 with full scale 1.0; `to_pcm16` is its exact inverse."""
    return pcm.astype(np.float32) / np.float32(32768.0)


def read_audio(path: Path) -> Audio:
    """Read a sound file as 16 kHz mono int16.

    Args:
        path: A WAV, FLAC or MP3 file of any rate, width and channel count.

    Raises:
        AudioUnreadable: Not there, not audio, truncated, without samples, or with NaN or infinite samples.
    """
    import soundfile

    if not path.is_file():
        raise AudioUnreadable(f"{path}: no such file", "check the path")
    _require_whole_wav(path)
    try:
        with soundfile.SoundFile(path) as stream:
            if stream.format not in FORMATS:
                raise AudioUnreadable(
                    f"{path}: {stream.format} files are not read (a truncated one could not be told from a whole one)",
                    "convert it to WAV or FLAC",
                )
            promised, rate = int(stream.frames), int(stream.samplerate)
            if promised > LONGEST_S * rate:
                raise AudioUnreadable(
                    f"{path}: its header gives no length or one of over {LONGEST_S // 3600} hours",
                    "encode the file again, or cut it into clips",
                )
            width = "int16" if stream.subtype in EXACT_IN_INT16 else "float32"
            subtype = str(stream.subtype)
            samples = stream.read(dtype=width, always_2d=False)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise AudioUnreadable(
            f"{path}: cannot be decoded ({str(error).rstrip('.')})",
            "the file is truncated, damaged or not audio: fetch or export it again",
        ) from error
    if len(samples) < promised:
        raise AudioUnreadable(
            f"{path}: truncated, {len(samples)} of {promised} samples are there",
            "fetch or export the file again",
        )
    if len(samples) == 0:
        raise AudioUnreadable(
            f"{path}: holds no samples", "remove the file from the corpus or record it again"
        )
    return _converted(path, samples, rate, subtype)


def _converted(path: Path, samples: npt.NDArray[Any], rate: int, subtype: str) -> Audio:
    """Bring decoded samples to 16 kHz mono int16 and note what that took."""
    if samples.dtype == np.int16 and samples.ndim == 1 and rate == SAMPLE_RATE_HZ:
        return Audio(np.ascontiguousarray(samples, dtype=np.int16))
    notes: list[str] = []
    values = to_float(samples) if samples.dtype == np.int16 else np.asarray(samples, dtype=np.float32)
    if not np.isfinite(values).all():
        bad = int(np.size(values) - np.isfinite(values).sum())
        raise AudioUnreadable(
            f"{path}: {bad} samples are NaN or infinite", "export the file again as 16-bit PCM"
        )
    if samples.dtype != np.int16:
        notes.append(f"{subtype.replace('_', ' ').lower()} to 16 bit")
    if values.ndim == 2:
        notes.append("stereo to mono" if values.shape[1] == 2 else f"{values.shape[1]} channels to mono")
        values = values.mean(axis=1, dtype=np.float32)
    if rate != SAMPLE_RATE_HZ:
        import soxr

        notes.append(f"{rate} Hz to {SAMPLE_RATE_HZ} Hz")
        values = soxr.resample(values, rate, SAMPLE_RATE_HZ, quality="HQ")
        if len(values) == 0:
            raise AudioUnreadable(f"{path}: too short to resample from {rate} Hz", "record it again")
    clipped = int((np.abs(values) > 1.0).sum())
    if clipped:
        notes.append(f"{clipped} samples clipped")
    return Audio(to_pcm16(values), tuple(notes))


def _require_whole_wav(path: Path) -> None:
    """Raise AudioUnreadable where a RIFF/WAVE header promises more data than the file holds."""
    size = path.stat().st_size
    if size == 0:
        raise AudioUnreadable(f"{path}: the file is empty", "fetch or record it again")
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            return
        while len(chunk := stream.read(8)) == 8:
            tag, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if tag == b"data":
                held = size - stream.tell()
                if length > held and length not in STREAMED_SIZES:
                    raise AudioUnreadable(
                        f"{path}: truncated, {held} of {length} data bytes are there",
                        "fetch or export the file again",
                    )
                return
            stream.seek(length + length % 2, io.SEEK_CUR)
    raise AudioUnreadable(f"{path}: a WAV file without a data chunk", "fetch or export the file again")


def write_wav(path: Path, pcm: npt.NDArray[np.int16]) -> None:
    """Write int16 mono samples at 16 kHz as a WAV file, whole or not at all."""
    if pcm.dtype != np.int16 or pcm.ndim != 1:
        raise AudioUnreadable(
            f"{path}: {pcm.dtype} samples of shape {pcm.shape} cannot be written", "pass 1-D int16 samples"
        )
    write_bytes(path, wav_bytes(pcm))


def wav_bytes(pcm: npt.NDArray[np.int16]) -> bytes:
    """Return int16 mono samples at 16 kHz as the bytes of a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE_HZ)
        writer.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()
