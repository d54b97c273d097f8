"""A new part is one file in its room and one line of a recipe: nothing else has to know it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.parts import import_all
from tools.pipeline import teachers
from tools.pipeline.inputs import Inputs
from tools.pipeline.recipe import parse_recipe
from tools.pipeline.stages import Stages

MakeInputs = Callable[..., Inputs]

OBJECTIVE = """
from train.objectives.registry import objective

@objective("toy", summary="the distance of shares, squared")
def squared(truth, logits):
    import tensorflow as tf
    return tf.reduce_mean(tf.square(tf.nn.softmax(logits) - truth))
"""
FEATURE = """
from typing import Literal
import numpy as np
from firmware_bridge.base.parts import PartSettings
from train.features.registry import FeatureSequences, feature

class ToySettings(PartSettings):
    name: Literal["toy"] = "toy"
    repeat: int = 1

@feature("toy", summary="how long and how loud a clip is", settings=ToySettings)
def hear(speech, settings):
    values = [[len(pcm) / 16000, float(np.abs(pcm).mean())] for pcm in speech.pcm]
    steps = np.full(len(values), settings.repeat)
    return FeatureSequences(np.repeat(np.array(values, np.float32)[:, None], settings.repeat, 1), steps)
"""
HEAD = """
from typing import Literal
import numpy as np
from firmware_bridge.base.parts import PartSettings
from train.teacher.registry import teacher

class ToySettings(PartSettings):
    name: Literal["toy"] = "toy"

class Prior:
    def __init__(self, shares): self.shares = shares
    def predict(self, sequences, steps=None): return np.tile(self.shares, (len(sequences), 1))
    def save(self, path): np.savez(path, shares=self.shares)

@teacher("toy", summary="says the prior", settings=ToySettings)
def train(lesson, settings):
    return Prior(lesson.targets[lesson.learn].mean(0))
"""
PROTOCOL = """
import numpy as np
from train.protocols.plan import Fold
from train.protocols.registry import protocol

@protocol("toy", summary="the first speaker is tested")
def first(clips, options):
    speakers = np.array([clip.speaker for clip in clips])
    held_out = speakers == sorted(set(speakers))[0]
    none = np.array([], np.int64)
    return [Fold("first", np.flatnonzero(~held_out), none, np.flatnonzero(held_out))]
"""
ROOMS = {
    "train.objectives": ("OBJECTIVES", OBJECTIVE),
    "train.features": ("FEATURES", FEATURE),
    "train.teacher": ("TEACHERS", HEAD),
    "train.protocols": ("PROTOCOLS", PROTOCOL),
}


@pytest.fixture
def add_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put one file into a room, as if it lay in its folder; all is as before afterwards."""
    added: list[tuple[Any, str]] = []

    def add(room: str) -> None:
        table, text = ROOMS[room]
        package = importlib.import_module(room)
        folder = tmp_path / room
        folder.mkdir()
        (folder / "toy_part.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        import_all(room, [str(folder)])
        added.append((getattr(package, table), f"{room}.toy_part"))

    yield add
    for table, module in added:
        table.pop("toy")
        sys.modules.pop(module)


def test_a_feature_and_a_head(
    add_part: Callable[[str], None], make_inputs: MakeInputs, tmp_path: Path
) -> None:
    add_part("train.features")
    add_part("train.teacher")
    inputs = make_inputs(teachers=[{"feature": {"name": "toy", "repeat": 3}, "model": {"name": "toy"}}])
    kept = Stages(tmp_path / "stages")
    folder = teachers.make_teacher(inputs, kept)
    with np.load(folder / "probabilities.npz") as stored:
        prior = inputs.targets[inputs.rows("train")].mean(0)
        assert stored["probabilities"] == pytest.approx(np.tile(prior, (48, 1)))
    with np.load(next((tmp_path / "stages" / "heard-0").iterdir()) / "heard.npz") as stored:
        assert stored["sequences"].shape == (48, 3, 2)


def test_an_objective(add_part: Callable[[str], None], make_inputs: MakeInputs, tmp_path: Path) -> None:
    from tools.pipeline.emotion import train_student

    add_part("train.objectives")
    fit = {"epochs": 1, "batch": 8}
    shape = {"width": 8, "expansion": 1, "kernel": 3, "stem": (4, 4, 8, 8)}
    kept = Stages(tmp_path / "stages")

    def weights(objective: str) -> list[np.ndarray]:
        inputs = make_inputs(fit={**fit, "objective": objective}, student=shape)
        rows = inputs.rows("train")
        made = train_student(inputs, kept, f"student-{objective}", rows, 1, None)
        with np.load(made.folder / "weights.npz", allow_pickle=False) as stored:
            return [stored[name] for name in stored.files]

    plain, toy = weights("cross_entropy"), weights("toy")
    assert [w.shape for w in plain] == [w.shape for w in toy]
    assert any((a != b).any() for a, b in zip(plain, toy, strict=True)), "another loss trains another network"


def test_a_protocol(add_part: Callable[[str], None], make_inputs: MakeInputs) -> None:
    from train.protocols import plan

    add_part("train.protocols")
    inputs = make_inputs()
    made = plan("toy", [inputs.emotion_corpus])
    assert {str(s) for s in made.speakers(made.folds[0].test)} == {sorted(inputs.emotion_corpus.speakers)[0]}
    assert not made.leaks


def test_the_line_of_a_recipe_is_not_known_without_the_file() -> None:
    from firmware_bridge.base.errors import UnknownName

    minimal: dict[str, Any] = {"name": "a", "kind": "scratch", "composed": {"table": {}}}
    for line in ({"fit": {"objective": "toy"}}, {"teachers": [{"feature": {"name": "toy"}, "model": {}}]}):
        with pytest.raises(UnknownName, match="toy"):
            parse_recipe({**minimal, **line}, "test")
