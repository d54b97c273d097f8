"""The leak guard by sound stands between corpora and scores: a copy under another name is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import SpeakerLeak
from tools.pipeline.inputs import Inputs, gather
from tools.pipeline.recipe import parse_recipe
from tools.pipeline.soundness import check_sound, heard_prints, require_unheard
from tools.pipeline.stages import Stages
from train.corpora.ravdess import EMOTIONS
from train.corpora.reading import read_clips
from train.evaluation.duplicates import HEARD_FILE
from train.evaluation.on_corpus import require_unheard_sound


def inputs_of(ravdess: Path, words: Path) -> Inputs:
    data: dict[str, Any] = {
        "name": "tiny",
        "kind": "scratch",
        "seed": 5,
        "emotion_corpus": f"ravdess:{ravdess}",
        "keyword_corpus": f"speech_commands:{words}",
        "foundation": {"network": "none"},
        "split": {"test": 2, "validation": 1},
        "composed": {"words": ("bed", "cat"), "table": dict.fromkeys(EMOTIONS.values(), (20, 40, 40))},
    }
    return gather(parse_recipe(data, "test"))


@pytest.fixture
def own(make_ravdess: Callable[..., Path], tmp_path: Path) -> Path:
    """A corpus that a test may spoil."""
    return make_ravdess(tmp_path / "ravdess")


def plant(inputs: Inputs, source: str, target: str) -> None:
    """Put one speaker's recording in the place of another's, file names kept."""
    (origin, *_), (place, *_) = ([c for c in inputs.clips if c.speaker == who] for who in (source, target))
    shutil.copyfile(origin.path, place.path)


def test_a_corpus_without_copies_passes(own: Path, words: Path, tmp_path: Path) -> None:
    inputs = inputs_of(own, words)
    sound = check_sound(inputs, Stages(tmp_path / "stages"))
    heard = heard_prints(inputs, sound)
    test = {*inputs.split.test, *inputs.word_split.test}
    clips = (*inputs.clips, *inputs.keywords, *inputs.others)
    assert list(heard.names) == [f"{clip.speaker}/{clip.name}" for clip in clips if clip.speaker not in test]


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_heard_clip_under_a_test_speakers_name_is_refused(
    part: str, own: Path, words: Path, tmp_path: Path
) -> None:
    split = inputs_of(own, words).split
    plant(inputs_of(own, words), split.as_dict()[part][0], split.test[0])
    with pytest.raises(SpeakerLeak, match="1 recordings are on both sides") as raised:
        check_sound(inputs_of(own, words), Stages(tmp_path / "stages"))
    assert split.test[0] in raised.value.what
    # A stage that is there already is no way past the guard.
    with pytest.raises(SpeakerLeak):
        check_sound(inputs_of(own, words), Stages(tmp_path / "stages"))


def test_a_copy_in_the_other_corpus_is_refused(
    own: Path, make_words: Callable[..., Path], tmp_path: Path
) -> None:
    words = make_words(tmp_path / "words", ("bed", "cat", "dog"), 40)
    inputs = inputs_of(own, words)
    heard_word = next(c for c in inputs.keywords if c.speaker in inputs.word_split.train)
    scored = next(c for c in inputs.clips if c.speaker in inputs.split.test)
    shutil.copyfile(heard_word.path, scored.path)
    with pytest.raises(SpeakerLeak, match="both sides"):
        check_sound(inputs_of(own, words), Stages(tmp_path / "stages"))


def test_a_copy_within_one_speaker_is_no_leak(own: Path, words: Path, tmp_path: Path) -> None:
    inputs = inputs_of(own, words)
    first, second, *_ = (c for c in inputs.clips if c.speaker == inputs.split.test[0])
    shutil.copyfile(first.path, second.path)
    check_sound(inputs_of(own, words), Stages(tmp_path / "stages"))


def test_a_fold_is_guarded_too(own: Path, words: Path, tmp_path: Path) -> None:
    inputs = inputs_of(own, words)
    one, other = inputs.split.train[:2]
    plant(inputs, one, other)
    inputs = inputs_of(own, words)
    sound = check_sound(inputs, Stages(tmp_path / "stages"))  # both are heard: no leak here
    require_unheard(inputs, sound, [[one, other]])
    with pytest.raises(SpeakerLeak, match=one):
        require_unheard(inputs, sound, [[one, other], [other]])


class HeardBundle:
    """As much of a bundle as the guard reads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory


def test_another_corpus_with_a_heard_recording_is_refused(own: Path, words: Path, tmp_path: Path) -> None:
    inputs = inputs_of(own, words)
    sound = check_sound(inputs, Stages(tmp_path / "stages"))
    (tmp_path / HEARD_FILE).write_bytes(heard_prints(inputs, sound).to_bytes())
    bundle: Any = HeardBundle(tmp_path)
    heard = next(c for c in inputs.clips if c.speaker in inputs.split.train)
    fresh = next(c for c in inputs.clips if c.speaker in inputs.split.test)
    (copy,), (new,) = read_clips([heard]), read_clips([fresh])
    require_unheard_sound(bundle, [("new.wav", new)])
    quieter = (copy // 3).astype(np.int16)
    with pytest.raises(SpeakerLeak, match=r"renamed\.wav"):
        require_unheard_sound(bundle, [("new.wav", new), ("renamed.wav", quieter)])


def test_a_bundle_without_prints_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bundle: Any = HeardBundle(tmp_path)
    require_unheard_sound(bundle, [])
    assert "cannot be found" in caplog.text
