"""Bad input, end to end: one clear line with a remedy, status 2, before any long work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware_bridge.contract.bundle import Bundle
from tools.cli import run
from tools.pipeline import stages
from tools.pipeline.inputs import gather
from tools.pipeline.recipe import load_recipe
from tools.pipeline.soundness import check_sound
from tools.pipeline.stages import Stages

Capture = pytest.CaptureFixture[str]
RECIPE = """
name = "tiny"
kind = "scratch"
[foundation]
network = "none"
[split]
test = 2
validation = 1
[composed]
words = ["bed", "cat"]
[composed.table]
neutral = [70, 15, 15]
calm = [20, 60, 20]
happy = [15, 5, 80]
sad = [30, 55, 15]
angry = [25, 5, 70]
fearful = [60, 20, 20]
disgust = [20, 10, 70]
surprised = [20, 5, 75]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def copy(ravdess: Path, tmp_path: Path) -> Path:
    """A corpus to be damaged."""
    return Path(shutil.copytree(ravdess, tmp_path / "damaged"))


@pytest.fixture
def build(
    recipe: Path, words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Callable[..., dict[str, str]]:
    """Call `build-model` on a corpus that cannot be used; return what was said."""
    monkeypatch.setattr(stages, "BUILD", tmp_path / "build")

    def call(corpus: str, keywords: str | None = None, name: str | None = None) -> dict[str, str]:
        keywords = keywords or f"speech_commands:{words}"
        line = ["build-model", "--recipe", name or str(recipe), "--corpus", corpus, "--keywords", keywords]
        assert run([*line, "--json"]) == 2
        told = capsys.readouterr()
        said: dict[str, str] = json.loads(told.out)
        assert set(said) == {"error", "what", "remedy", "see"}
        assert said["remedy"]
        assert "\n" not in said["what"]
        assert f"undertone: {said['what']}" in told.err.splitlines()
        assert "Traceback" not in told.err
        done = [p for p in (tmp_path / "build").glob("stages/*/*") if not p.name.startswith(".")]
        assert not done, "long work was done before the input was looked at"
        return said

    return call


def first_clip(root: Path) -> Path:
    return sorted(root.rglob("*.wav"))[0]


def test_no_folder(build: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    said = build(f"ravdess:{tmp_path / 'nowhere'}")
    assert said["error"] == "CorpusMissing"
    assert "no such folder" in said["what"]
    assert "ravdess:PATH" in said["remedy"]


def test_an_empty_folder(build: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = build(f"ravdess:{tmp_path / 'empty'}")
    assert said["error"] == "CorpusMissing"
    assert "no sound files" in said["what"]


def test_an_unknown_corpus(build: Callable[..., dict[str, str]]) -> None:
    said = build("ravdes")
    assert said["error"] == "UnknownName"
    assert "ravdess" in said["remedy"]


def truncated_wav(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4000])


def truncated_flac(path: Path) -> None:
    pcm, rate = soundfile.read(path, dtype="int16")
    flac = path.with_suffix(".flac")
    soundfile.write(flac, pcm, rate)
    path.unlink()
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])


def not_audio(path: Path) -> None:
    path.write_bytes(b"this is text" * 100)


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def zero_length(path: Path) -> None:
    soundfile.write(path, np.zeros(0, np.int16), 16000, subtype="PCM_16")


def nan_samples(path: Path) -> None:
    samples = np.zeros(8000, np.float32)
    samples[100] = np.nan
    soundfile.write(path, samples, 16000, subtype="FLOAT")


DAMAGE = {
    truncated_wav: "truncated",
    truncated_flac: "",
    not_audio: "cannot be decoded",
    zero_bytes: "empty",
    zero_length: "holds no samples",
    nan_samples: "NaN",
}


@pytest.mark.parametrize(("damage", "words_said"), DAMAGE.items(), ids=[f.__name__ for f in DAMAGE])
def test_a_damaged_emotional_clip(
    build: Callable[..., dict[str, str]], copy: Path, damage: Callable[[Path], None], words_said: str
) -> None:
    clip = first_clip(copy)
    damage(clip)
    said = build(f"ravdess:{copy}")
    assert said["error"] == "AudioUnreadable"
    assert clip.stem in said["what"]
    assert words_said in said["what"]


def test_a_damaged_keyword_clip_is_found_before_the_teacher_is_trained(
    build: Callable[..., dict[str, str]], ravdess: Path, words: Path, tmp_path: Path
) -> None:
    hurt = Path(shutil.copytree(words, tmp_path / "hurt"))
    truncated_wav(sorted((hurt / "cat").iterdir())[-1])
    said = build(f"ravdess:{ravdess}", f"speech_commands:{hurt}")
    assert said["error"] == "AudioUnreadable"
    assert "/cat/" in said["what"]


def test_an_unknown_label_code(build: Callable[..., dict[str, str]], copy: Path) -> None:
    clip = first_clip(copy)
    clip.rename(clip.with_name("03-01-09-01-01-01-01.wav"))
    said = build(f"ravdess:{copy}")
    assert said["error"] == "CorpusInvalid"
    assert "unknown emotion code '09'" in said["what"]
    assert "01 neutral" in said["remedy"]


def test_a_single_speaker(
    build: Callable[..., dict[str, str]], make_ravdess: Callable[..., Path], tmp_path: Path
) -> None:
    said = build(f"ravdess:{make_ravdess(tmp_path / 'one', actors=(7,))}")
    assert said["error"] == "CorpusInvalid"
    assert "one speaker" in said["what"]


def test_a_class_without_clips(
    build: Callable[..., dict[str, str]], make_ravdess: Callable[..., Path], tmp_path: Path
) -> None:
    said = build(f"ravdess:{make_ravdess(tmp_path / 'few', emotions=('sad', 'happy'))}")
    assert said["error"] == "CorpusInvalid"
    assert "no clips of class neutral" in said["what"]


def test_a_keyword_without_clips(
    build: Callable[..., dict[str, str]], ravdess: Path, make_words: Callable[..., Path], tmp_path: Path
) -> None:
    said = build(f"ravdess:{ravdess}", f"speech_commands:{make_words(tmp_path / 'w', ('cat',), 40)}")
    assert said["error"] == "CorpusInvalid"
    assert "bed" in said["what"]


def test_a_recipe_with_an_unknown_key(
    build: Callable[..., dict[str, str]], ravdess: Path, recipe: Path
) -> None:
    recipe.write_text(RECIPE + "\n[fit]\nepoch = 3\n")
    said = build(f"ravdess:{ravdess}")
    assert said["error"] == "InvalidSetting"
    assert "unknown key 'fit.epoch'" in said["what"]
    assert "epochs" in said["remedy"]


def test_a_recipe_that_is_not_there(build: Callable[..., dict[str, str]], ravdess: Path) -> None:
    said = build(f"ravdess:{ravdess}", name="nothing")
    assert said["error"] == "UnknownName"
    assert "trunk" in said["remedy"]


def eight_khz(path: Path) -> None:
    pcm, _ = soundfile.read(path, dtype="int16")
    soundfile.write(path, pcm[::2], 8000, subtype="PCM_16")


def stereo(path: Path) -> None:
    pcm, rate = soundfile.read(path, dtype="int16")
    soundfile.write(path, np.stack([pcm, pcm], axis=1), rate, subtype="PCM_16")


@pytest.mark.parametrize(("change", "said"), [(eight_khz, "8000 Hz to 16000 Hz"), (stereo, "stereo to mono")])
def test_other_formats_are_converted_and_said(
    tiny_bundle: Bundle, copy: Path, capsys: Capture, change: Callable[[Path], None], said: str
) -> None:
    for clip in sorted(copy.rglob("*.wav")):
        change(clip)
    line = ["evaluate", "--bundle", str(tiny_bundle.directory), "--corpus", f"ravdess:{copy}", "--json"]
    assert run(line) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["clips"] == 9
    assert f"converted {said}: 9 of 9 files" in told.err


def test_a_build_reads_every_clip_once(recipe: Path, ravdess: Path, words: Path, tmp_path: Path) -> None:
    inputs = gather(
        load_recipe(str(recipe)).model_copy(
            update={"emotion_corpus": f"ravdess:{ravdess}", "keyword_corpus": f"speech_commands:{words}"}
        )
    )
    kept = Stages(tmp_path)
    folder = check_sound(inputs, kept)
    samples = json.loads((folder / "sound.json").read_text())["samples"]
    assert samples["ravdess"] == 48 * 9600
    assert samples["speech_commands"] == (len(inputs.keywords) + len(inputs.others)) * 6400
    check_sound(inputs, kept)
    assert kept.made == ["sound"]


def test_a_flipped_byte_in_a_bundle(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture
) -> None:
    hurt = Path(shutil.copytree(tiny_bundle.directory, tmp_path / "hurt"))
    content = bytearray((hurt / "acoustic.tflite").read_bytes())
    content[100] ^= 4
    (hurt / "acoustic.tflite").write_bytes(content)
    for verb in ("evaluate", "hil"):
        assert run([verb, "--bundle", str(hurt), "--corpus", f"ravdess:{ravdess}", "--json"]) == 2
        told = capsys.readouterr()
        assert json.loads(told.out)["error"] == "BundleInvalid"
        assert "acoustic.tflite" in told.err
        assert "SHA-256" in told.err


def test_a_port_that_does_not_exist(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture
) -> None:
    line = ["hil", "--dut", f"board:{tmp_path / 'ttyNONE'}", "--bundle", str(tiny_bundle.directory)]
    assert run([*line, "--corpus", f"ravdess:{ravdess}", "--out", str(tmp_path / "out"), "--json"]) == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["error"] == "DeviceError"
    assert "no such port" in told.err
    assert "remedy" in told.err


def test_a_sound_file_that_is_not_there(capsys: Capture, tmp_path: Path) -> None:
    assert run(["features", str(tmp_path / "no.wav"), "--json"]) == 2
    assert "Traceback" not in capsys.readouterr().err
