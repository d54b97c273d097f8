"""Reading the sound of clips: stretches, channels, conversions, and files that do not hold what labels say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, write_wav
from train.corpora import reading
from train.corpora.reading import OVERSHOOT_S, ClipReader, read_clips
from train.corpora.record import Channel, Clip

RATE = SAMPLE_RATE_HZ


def ramp(samples: int) -> np.ndarray:
    """Samples that say where they are."""
    return (np.arange(samples) % 30_000).astype(np.int16)


def clip(path: Path, start: float | None = None, end: float | None = None, channel: Channel = "mix") -> Clip:
    return Clip(path, "toy", "toy/1", "happy", start_s=start, end_s=end, channel=channel)


@pytest.fixture
def two_seconds(tmp_path: Path) -> Path:
    write_wav(tmp_path / "two.wav", ramp(2 * RATE))
    return tmp_path / "two.wav"


class TestStretches:
    def test_a_whole_file(self, two_seconds: Path) -> None:
        assert np.array_equal(ClipReader().read(clip(two_seconds)).pcm, ramp(2 * RATE))

    @pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.5, 1.25), (1.5, 2.0)])
    def test_a_part_is_cut_at_the_sample(self, two_seconds: Path, start: float, end: float) -> None:
        part = ClipReader().read(clip(two_seconds, start, end)).pcm
        assert np.array_equal(part, ramp(2 * RATE)[int(start * RATE) : int(end * RATE)])

    def test_times_are_rounded_to_the_nearest_sample(self, two_seconds: Path) -> None:
        part = ClipReader().read(clip(two_seconds, 100.4 / RATE, 200.6 / RATE)).pcm
        assert (part[0], len(part)) == (100, 101)

    def test_labels_may_reach_a_little_beyond_the_end(self, two_seconds: Path) -> None:
        part = ClipReader().read(clip(two_seconds, 1.0, 2.0 + OVERSHOOT_S)).pcm
        assert np.array_equal(part, ramp(2 * RATE)[RATE:])

    @pytest.mark.parametrize(
        ("start", "end"),
        [(1.0, 2.001 + OVERSHOOT_S), (2.0, 2.2), (5.0, 6.0), (1.0, 1.0), (1.5, 1.0), (-0.5, 1.0)],
    )
    def test_labels_of_another_recording_are_refused(
        self, two_seconds: Path, start: float, end: float
    ) -> None:
        with pytest.raises(AudioUnreadable, match=r"but the sound is 2\.00 s long") as caught:
            ClipReader().read(clip(two_seconds, start, end))
        assert "belong to another one" in caught.value.remedy


class TestDecoding:
    def test_neighbours_in_a_file_are_decoded_once(
        self, two_seconds: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[Path] = []
        real = reading.read_audio

        def counted(path: Path) -> object:
            calls.append(path)
            return real(path)

        monkeypatch.setattr(reading, "read_audio", counted)
        reader = ClipReader()
        for start in (0.0, 0.5, 1.0):
            reader.read(clip(two_seconds, start, start + 0.5))
        assert calls == [two_seconds]

    def test_another_file_is_another_sound(self, two_seconds: Path, tmp_path: Path) -> None:
        write_wav(tmp_path / "other.wav", -ramp(RATE))
        reader = ClipReader()
        first = reader.read(clip(two_seconds)).pcm
        other = reader.read(clip(tmp_path / "other.wav")).pcm
        again = reader.read(clip(two_seconds)).pcm
        assert np.array_equal(first, again)
        assert np.array_equal(other, -ramp(RATE))


class TestChannels:
    @pytest.fixture
    def stereo(self, tmp_path: Path) -> Path:
        """Left is loud in the first second and faint in the other; right the other way round."""
        loud, faint = ramp(RATE), ramp(RATE) // 8
        left, right = np.concatenate([loud, faint]), np.concatenate([faint, loud])
        soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), RATE, subtype="PCM_16")
        return tmp_path / "stereo.wav"

    def test_the_fainter_one_is_chosen_for_each_stretch(self, stereo: Path) -> None:
        reader = ClipReader()
        for start in (0.0, 1.0):
            part = reader.read(clip(stereo, start, start + 1.0, "fainter")).pcm
            assert np.abs(part.astype(int) - ramp(RATE) // 8).max() <= 1

    def test_otherwise_it_is_their_mean(self, stereo: Path) -> None:
        mean = ClipReader().read(clip(stereo, 0.0, 1.0)).pcm.astype(int)
        assert np.abs(mean - (ramp(RATE).astype(int) + ramp(RATE) // 8) / 2).max() <= 1

    def test_a_fainter_channel_of_another_rate_is_converted(self, tmp_path: Path) -> None:
        time = np.arange(8000) / 8000
        tone = 0.5 * np.sin(2 * np.pi * 440 * time)
        soundfile.write(tmp_path / "slow.wav", np.stack([tone, tone / 10], axis=1), 8000, subtype="PCM_16")
        part = ClipReader().read(clip(tmp_path / "slow.wav", 0.0, 1.0, "fainter")).pcm
        assert len(part) == RATE
        assert np.abs(part[2000:-2000].astype(int)).max() == pytest.approx(0.05 * 32768, rel=0.03)


class TestManyClips:
    def test_they_come_in_order(self, tmp_path: Path) -> None:
        for index in range(3):
            write_wav(tmp_path / f"{index}.wav", np.full(RATE // 10, 100 * index, np.int16))
        found = read_clips([clip(tmp_path / f"{index}.wav") for index in (2, 0, 1)])
        assert [int(pcm[0]) for pcm in found] == [200, 0, 100]

    def test_conversions_are_said_once_with_their_number(self, tmp_path: Path, said: list[str]) -> None:
        for index in range(4):
            rate = 8000 if index % 2 else RATE
            soundfile.write(tmp_path / f"{index}.wav", np.zeros(rate // 10, np.int16), rate, subtype="PCM_16")
        read_clips([clip(tmp_path / f"{index}.wav") for index in range(4)])
        assert len(said) == 1
        assert said[0].startswith("converted ") and said[0].endswith("2 of 4 files")

    def test_loud_files_are_counted_together_however_many_samples_were_cut(
        self, tmp_path: Path, said: list[str]
    ) -> None:
        for index, peak in enumerate((1.5, 3.0)):
            loud = peak * np.sin(np.arange(RATE // 10) * (0.1 + index / 10))
            soundfile.write(tmp_path / f"{index}.wav", loud, RATE, subtype="FLOAT")
        read_clips([clip(tmp_path / f"{index}.wav") for index in range(2)])
        assert "converted loud samples clipped: 2 of 2 files" in said

    def test_nothing_to_read_is_nothing(self, said: list[str]) -> None:
        assert read_clips([]) == []
        assert said == []

    def test_a_damaged_file_stops_it(self, tmp_path: Path, two_seconds: Path) -> None:
        (tmp_path / "cut.wav").write_bytes(two_seconds.read_bytes()[:30])
        with pytest.raises(AudioUnreadable, match=r"cut\.wav"):
            read_clips([clip(two_seconds), clip(tmp_path / "cut.wav")])
