"""Clips for the rig, and the two verbs that use them: `hil` and `rerecord`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid, SpeakerLeak, UnknownName
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.sound.audio import read_audio
from hil.rig.observations import Segment
from tools.cli import run
from tools.pipeline.recipe import load_recipe
from tools.pipeline.segments import corpus_segments, segments_for
from train.evaluation.on_corpus import choose, thin

Capture = pytest.CaptureFixture[str]


def segments(count: int) -> list[Segment]:
    return [Segment(str(index), np.zeros(1, np.int16), 0, "a") for index in range(count)]


@pytest.mark.parametrize("limit", [None, 1, 4, 7])
def test_the_rig_and_evaluate_score_the_same_clips(
    tiny_bundle: Bundle, ravdess: Path, limit: int | None
) -> None:
    which = f"ravdess:{ravdess}"
    chosen, streamed = (
        choose(tiny_bundle, which, limit=limit),
        corpus_segments(tiny_bundle, which, limit),
    )
    assert [(f"{c.path.parent.name}-{c.path.stem}", c.speaker) for c in chosen.clips] == [
        (one.name, one.speaker) for one in streamed
    ]
    assert chosen.truth.tolist() == [one.label for one in streamed]


@pytest.mark.parametrize(("limit", "kept"), [(None, 10), (10, 10), (99, 10), (3, 3), (1, 1)])
def test_thinning_spreads_evenly(limit: int | None, kept: int) -> None:
    found = thin(segments(10), limit)
    assert len(found) == kept
    assert len({one.name for one in found}) == kept
    if kept == 3:
        assert [one.name for one in found] == ["0", "4", "9"]


def test_only_unheard_speakers_with_known_classes(tiny_bundle: Bundle, ravdess: Path) -> None:
    found = corpus_segments(tiny_bundle, f"ravdess:{ravdess}", None)
    assert {one.speaker for one in found} == {"ravdess/04", "ravdess/05", "ravdess/06"}
    assert len(found) == 9
    assert {tiny_bundle.manifest.labels[one.label] for one in found} == {"angry", "calm", "happy"}
    assert all(one.keyword is None for one in found)


def test_the_sound_belongs_to_the_name(tiny_bundle: Bundle, ravdess: Path) -> None:
    for one in corpus_segments(tiny_bundle, f"ravdess:{ravdess}", 5):
        file = next(ravdess.rglob(f"{one.name.removeprefix('Actor_04-')[-20:]}.wav"))
        np.testing.assert_array_equal(read_audio(file).pcm, one.pcm)
        assert file.parent.name.removeprefix("Actor_") == one.speaker.removeprefix("ravdess/")


def test_the_same_file_name_in_two_folders_is_two_segments(
    make_bundle: Callable[..., Bundle], tmp_path: Path, words: Path
) -> None:
    # Speech Commands keeps a speaker's clips of several words under one file name.
    bundle = make_bundle(labels=["bed", "cat", "dog"])
    found = corpus_segments(bundle, f"speech_commands:{words}", None)
    assert len({one.name for one in found}) == len(found) == 120
    for one in (found[0], found[50], found[-1]):
        word, _, rest = one.name.partition("-")
        assert bundle.manifest.labels[one.label] == word
        np.testing.assert_array_equal(read_audio(words / word / f"{rest}.wav").pcm, one.pcm)


def test_a_corpus_without_unheard_speakers(
    tiny_bundle: Bundle, make_ravdess: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_ravdess(tmp_path / "heard", actors=(1, 2, 3))
    with pytest.raises(SpeakerLeak, match="heard every speaker"):
        corpus_segments(tiny_bundle, f"ravdess:{root}", None)


def test_composed_windows_need_the_bundles_own_corpora(
    make_bundle: Callable[..., Bundle], ravdess: Path, words: Path
) -> None:
    recipe = load_recipe("scratch").model_copy(
        update={"emotion_corpus": f"ravdess:{ravdess}", "keyword_corpus": f"speech_commands:{words}"}
    )
    data = recipe.model_dump(mode="json")
    data["split"] = {"test": 2, "validation": 1}
    data["composed"]["words"] = ["bed", "cat"]
    data["composed"]["table"] = {label: [20, 40, 40] for label in data["composed"]["table"]}
    bundle = make_bundle(recipe=data)
    with pytest.raises(CorpusInvalid, match="differ from those") as caught:
        segments_for(bundle, "composed", None)
    assert "--corpus NAME:PATH" in caught.value.remedy


def test_rerecorded_clips_are_written_with_what_was_drawn(
    tiny_bundle: Bundle, ravdess: Path, tmp_path: Path, capsys: Capture, no_data: Path
) -> None:
    line = ["rerecord", "--bundle", str(tiny_bundle.directory), "--corpus", f"ravdess:{ravdess}"]
    out = tmp_path / "out"
    assert run([*line, "--channel", "noisy", "--limit", "3", "--out", str(out), "--json"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found == json.loads((out / "rerecorded.json").read_text())
    assert len(found["clips"]) == 3
    for clip in found["clips"]:
        assert len(read_audio(out / clip["file"]).pcm) > 0
        assert clip["label"] in tiny_bundle.manifest.labels
        assert set(clip) == {"file", "label", "speaker", "keyword", "room", "noise"}
    assert "synthetic rooms stand in" in told.err
    assert run([*line, "--limit", "1", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"1 files and rerecorded.json in {out}\n"


@pytest.mark.parametrize("verb", ["hil", "rerecord"])
def test_an_unknown_channel_lists_the_known_ones(tiny_bundle: Bundle, capsys: Capture, verb: str) -> None:
    assert run([verb, "--bundle", str(tiny_bundle.directory), "--channel", "loud", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == UnknownName.__name__
    assert "bench" in told["remedy"]


def test_an_unknown_device_lists_the_known_ones(tiny_bundle: Bundle, capsys: Capture) -> None:
    assert run(["hil", "--bundle", str(tiny_bundle.directory), "--dut", "hots", "--json"]) == 2
    assert "host" in json.loads(capsys.readouterr().out)["remedy"]
