"""espeak-ng in a process of its own: what comes back, and every way in which it can fail to."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from train.corpora import espeak
from train.corpora.espeak import RATE_HZ, Utterance, speak


def answering(
    monkeypatch: pytest.MonkeyPatch, stdout: bytes = b"", status: int = 0, stderr: bytes = b""
) -> list[Any]:
    """Put a process in place of espeak-ng's that answers with this; returns its calls."""
    calls: list[Any] = []

    def run(command: list[str], **settings: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append((command, settings))
        return subprocess.CompletedProcess(command, status, stdout, stderr)

    monkeypatch.setattr(espeak.subprocess, "run", run)
    return calls


def framed(*samples: list[int]) -> bytes:
    return b"".join(struct.pack("<I", len(one)) + np.array(one, "<i2").tobytes() for one in samples)


class TestSpoken:
    def test_a_sentence_is_sound_of_a_plausible_length(self) -> None:
        (pcm,) = speak([Utterance("good morning", "en-us")])
        assert pcm.dtype == np.int16
        assert 0.4 < len(pcm) / RATE_HZ < 2.5
        assert np.abs(pcm.astype(int)).max() > 3000

    def test_each_utterance_has_its_own_sound_in_order(self) -> None:
        short, long = speak([Utterance("no", "en-us"), Utterance("certainly not in this weather", "en-us")])
        assert len(long) > 2 * len(short)

    def test_the_same_list_gives_the_same_samples(self) -> None:
        said = [Utterance("one", "en-us"), Utterance("two", "en-us+f4", rate_wpm=140)]
        for one, again in zip(speak(said), speak(said), strict=True):
            assert np.array_equal(one, again)

    def test_faster_is_shorter(self) -> None:
        slow, fast = speak([Utterance("what a surprise", "en-us", rate_wpm=rate) for rate in (100, 300)])
        assert len(fast) < 0.7 * len(slow)

    def test_letters_beyond_ascii_are_spoken(self) -> None:
        (pcm,) = speak([Utterance("größe, naïve, 日", "en-us")])
        assert len(pcm)

    def test_nothing_to_say_is_nothing(self) -> None:
        assert speak([]) == []

    def test_no_text_is_an_utterance_too(self) -> None:
        first, second = speak([Utterance("", "en-us"), Utterance("yes", "en-us")])
        assert len(first) < len(second)


class TestProcess:
    def test_samples_are_taken_out_of_their_frames(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answering(monkeypatch, framed([1, -2, 3], [], [32767, -32768]))
        found = speak([Utterance("x", "en")] * 3)
        assert [one.tolist() for one in found] == [[1, -2, 3], [], [32767, -32768]]

    def test_it_is_this_python_in_the_checkout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = answering(monkeypatch, framed([1]))
        speak([Utterance("x", "en", volume=150)])
        ((command, settings),) = calls
        assert command[0] == sys.executable
        assert (Path(settings["cwd"]) / "train").is_dir()
        assert b'"volume": 150' in settings["input"]

    @pytest.mark.parametrize("stdout", [b"", framed([1])])
    def test_fewer_utterances_than_asked_for_are_refused(
        self, monkeypatch: pytest.MonkeyPatch, stdout: bytes
    ) -> None:
        answering(monkeypatch, stdout)
        with pytest.raises(EnvironmentLacking, match=f"said {bool(stdout):d} of 2 utterances") as caught:
            speak([Utterance("x", "en")] * 2)
        assert "espeakng-loader" in caught.value.remedy

    def test_its_last_words_are_what_the_user_reads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answering(monkeypatch, status=2, stderr=b"a warning\nno voice 'xx'\n")
        with pytest.raises(EnvironmentLacking, match=r"^espeak-ng: no voice 'xx'$"):
            speak([Utterance("x", "xx")])

    def test_one_that_dies_without_a_word_is_said_with_its_status(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answering(monkeypatch, status=-11)
        with pytest.raises(EnvironmentLacking, match="espeak-ng: status -11"):
            speak([Utterance("x", "en")])

    def test_an_engine_of_another_rate_is_refused(self, tmp_path: Path) -> None:
        """Data that is not there: the engine gives an error in place of a rate."""
        child = [sys.executable, "-c", espeak._CHILD, str(tmp_path / "nowhere")]
        done = subprocess.run(child, input=b"[]", capture_output=True, cwd=espeak.ROOT, check=False)
        assert done.returncode != 0
        assert done.stdout == b""


class TestPath:
    def test_a_short_one_is_taken_as_it_is(self, tmp_path: Path) -> None:
        short = Path("/usr/share/espeak-ng-data")
        with espeak._short_path(short) as found:
            assert found == short

    def test_a_long_one_is_a_link_as_long_as_it_is_needed(self, tmp_path: Path) -> None:
        deep = tmp_path / ("d" * 150) / "espeak-ng-data"
        deep.mkdir(parents=True)
        (deep / "voice").touch()
        with espeak._short_path(deep) as found:
            assert len(str(found)) <= espeak._LONGEST_DATA_PATH
            assert found.name == "espeak-ng-data"
            assert (found / "voice").is_file()
        assert not found.exists()
        assert (deep / "voice").is_file()
