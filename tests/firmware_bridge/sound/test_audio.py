"""Reading sound: what fits comes through bit for bit, what does not is converted and said, or refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, read_audio, to_float, to_pcm16, write_wav


def tone(seconds: float, rate: int = SAMPLE_RATE_HZ, hertz: float = 440.0) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def loudest_hertz(pcm: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.astype(float) * np.hanning(len(pcm))))
    return float(np.argmax(spectrum)) * SAMPLE_RATE_HZ / len(pcm)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_mono_16k_comes_through_unchanged(tmp_path: Path, suffix: str, rng: np.random.Generator) -> None:
    pcm = rng.integers(-32768, 32768, 5001).astype(np.int16)
    soundfile.write(tmp_path / f"a.{suffix}", pcm, SAMPLE_RATE_HZ, subtype="PCM_16")
    audio = read_audio(tmp_path / f"a.{suffix}")
    assert audio.pcm.dtype == np.int16
    assert np.array_equal(audio.pcm, pcm)
    assert audio.notes == ()
    assert audio.seconds == 5001 / 16000


def test_write_wav_is_read_back_by_us_and_by_others(tmp_path: Path, rng: np.random.Generator) -> None:
    pcm = rng.integers(-32768, 32768, 777).astype(np.int16)
    write_wav(tmp_path / "deep" / "b.wav", pcm)
    assert np.array_equal(read_audio(tmp_path / "deep" / "b.wav").pcm, pcm)
    others, rate = soundfile.read(tmp_path / "deep" / "b.wav", dtype="int16")
    assert rate == SAMPLE_RATE_HZ
    assert np.array_equal(others, pcm)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["b.wav"]


@pytest.mark.parametrize("wrong", [np.zeros(4, np.float32), np.zeros((4, 2), np.int16)])
def test_write_wav_refuses_what_is_not_int16_mono(tmp_path: Path, wrong: np.ndarray) -> None:
    with pytest.raises(AudioUnreadable, match="cannot be written"):
        write_wav(tmp_path / "c.wav", wrong)
    assert not (tmp_path / "c.wav").exists()


def test_stereo_is_averaged_and_said(tmp_path: Path) -> None:
    left, right = tone(0.2), -tone(0.2)
    right[:100] = left[:100]
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], axis=1), SAMPLE_RATE_HZ)
    audio = read_audio(tmp_path / "s.wav")
    assert audio.notes == ("stereo to mono",)
    assert np.array_equal(audio.pcm[:100], left[:100])
    assert not audio.pcm[100:].any()


def test_more_channels_are_averaged_and_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "m.wav", np.repeat(tone(0.1)[:, None], 4, axis=1), SAMPLE_RATE_HZ)
    audio = read_audio(tmp_path / "m.wav")
    assert audio.notes == ("4 channels to mono",)
    assert np.array_equal(audio.pcm, tone(0.1))


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_other_rates_are_resampled_and_said(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "r.wav", tone(1.0, rate), rate)
    audio = read_audio(tmp_path / "r.wav")
    assert audio.notes == (f"{rate} Hz to 16000 Hz",)
    assert abs(len(audio.pcm) - SAMPLE_RATE_HZ) <= 2
    assert abs(loudest_hertz(audio.pcm) - 440.0) < 2.0
    middle = audio.pcm[4000:12000].astype(float)
    assert abs(np.sqrt((middle**2).mean()) - 8000 / np.sqrt(2)) < 60


def test_24_bit_and_float_are_rounded_and_said(tmp_path: Path) -> None:
    pcm = tone(0.1)
    for subtype, said in (("PCM_24", "pcm 24 to 16 bit"), ("FLOAT", "float to 16 bit")):
        soundfile.write(tmp_path / "f.wav", pcm.astype(np.float64) / 32768, SAMPLE_RATE_HZ, subtype=subtype)
        audio = read_audio(tmp_path / "f.wav")
        assert audio.notes == (said,)
        assert np.array_equal(audio.pcm, pcm)


def test_several_conversions_are_said_in_order(tmp_path: Path) -> None:
    loud = np.repeat(tone(0.5, 8000)[:, None], 2, axis=1).astype(np.float32) / 4000
    soundfile.write(tmp_path / "x.wav", loud, 8000, subtype="FLOAT")
    notes = read_audio(tmp_path / "x.wav").notes
    assert notes[:3] == ("float to 16 bit", "stereo to mono", "8000 Hz to 16000 Hz")
    assert notes[3].endswith("samples clipped")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(tmp_path: Path, bad: float) -> None:
    values = np.zeros(1000, np.float32)
    values[500] = bad
    soundfile.write(tmp_path / "n.wav", values, SAMPLE_RATE_HZ, subtype="FLOAT")
    with pytest.raises(AudioUnreadable, match="1 samples are NaN") as caught:
        read_audio(tmp_path / "n.wav")
    assert caught.value.remedy


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.95])
def test_truncated_files_are_refused(
    tmp_path: Path, suffix: str, keep: float, rng: np.random.Generator
) -> None:
    whole = tmp_path / f"whole.{suffix}"
    soundfile.write(whole, rng.integers(-9000, 9000, 40_000).astype(np.int16), SAMPLE_RATE_HZ)
    data = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(AudioUnreadable) as caught:
        read_audio(cut)
    assert "cut." in caught.value.what
    assert caught.value.remedy


def test_flac_that_ends_at_a_frame_boundary_is_refused(tmp_path: Path) -> None:
    """The decoder meets no broken frame here: only the promised length gives the loss away."""
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(1.0), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    data = bytearray(buffer.getvalue())
    # STREAMINFO: 4 bytes marker, 4 header, then bytes 10-17 hold rate, channels, bits and 36 bits of length.
    packed = int.from_bytes(data[18:26], "big")
    assert packed & (2**36 - 1) == 16_000
    data[18:26] = (packed + 4096).to_bytes(8, "big")
    (tmp_path / "p.flac").write_bytes(data)
    with pytest.raises(AudioUnreadable):
        read_audio(tmp_path / "p.flac")


def test_flac_without_a_length_is_refused_before_memory_is_asked_for(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, tone(0.1), SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    data = bytearray(buffer.getvalue())
    data[18:26] = (int.from_bytes(data[18:26], "big") | (2**36 - 1)).to_bytes(8, "big")
    (tmp_path / "endless.flac").write_bytes(data)
    with pytest.raises(AudioUnreadable, match="hours"):
        read_audio(tmp_path / "endless.flac")


def test_truncated_mp3_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    """Here the decoder just stops early."""
    soundfile.write(tmp_path / "m.mp3", rng.standard_normal(40_000) * 0.1, SAMPLE_RATE_HZ, format="MP3")
    assert len(read_audio(tmp_path / "m.mp3").pcm) == 40_000
    data = (tmp_path / "m.mp3").read_bytes()
    (tmp_path / "m.mp3").write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioUnreadable, match="truncated"):
        read_audio(tmp_path / "m.mp3")


@pytest.mark.parametrize("kind", ["OGG", "AIFF"])
def test_formats_that_hide_a_truncation_are_refused(tmp_path: Path, kind: str) -> None:
    soundfile.write(tmp_path / "o.wav", tone(0.5), SAMPLE_RATE_HZ, format=kind)
    with pytest.raises(AudioUnreadable, match=f"{kind} files are not read") as caught:
        read_audio(tmp_path / "o.wav")
    assert caught.value.remedy == "convert it to WAV or FLAC"


def test_streamed_wav_without_a_size_is_read(tmp_path: Path) -> None:
    write_wav(tmp_path / "s.wav", tone(0.1))
    data = bytearray((tmp_path / "s.wav").read_bytes())
    data[40:44] = struct.pack("<I", 0xFFFFFFFF)
    (tmp_path / "s.wav").write_bytes(data)
    assert np.array_equal(read_audio(tmp_path / "s.wav").pcm, tone(0.1))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.wav", b"", "empty"),
        ("text.wav", b"this is not sound at all", "cannot be decoded"),
        ("text.flac", b"this is not sound at all", "cannot be decoded"),
        ("nodata.wav", b"RIFF\x04\x00\x00\x00WAVE", "without a data chunk"),
    ],
)
def test_what_is_not_audio_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioUnreadable, match=says):
        read_audio(tmp_path / name)


def test_no_samples_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "z.wav", np.zeros(0, np.int16))
    with pytest.raises(AudioUnreadable, match="no samples"):
        read_audio(tmp_path / "z.wav")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match="no such file"):
        read_audio(tmp_path / "absent.wav")


@given(st.lists(st.integers(-32768, 32767), max_size=50))
def test_float_and_back_is_the_identity(values: list[int]) -> None:
    pcm = np.array(values, dtype=np.int16)
    assert np.array_equal(to_pcm16(to_float(pcm)), pcm)


def test_to_pcm16_rounds_and_clips() -> None:
    given_values = np.array([-2.0, -1.0, 0.6 / 32768, -0.6 / 32768, 0.4 / 32768, 1.0, 7.0])
    assert to_pcm16(given_values).tolist() == [-32768, -32768, 1, -1, 0, 32767, 32767]


@pytest.mark.corpus
def test_real_clips_need_no_conversion(data_root: Path) -> None:
    paths = sorted((data_root / "ravdess").rglob("*.flac"))[::120]
    assert paths
    for path in paths:
        audio = read_audio(path)
        assert audio.notes == ()
        assert 2.0 < audio.seconds < 6.0
