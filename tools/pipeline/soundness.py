"""Every sound file of a build is read once before the long work: damage, and copies across a split, are found then."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.files import write_json
from firmware_bridge.base.progress import track
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages
from train.evaluation.duplicates import Prints, require_no_duplicates

PRINTS = "prints.npz"


def check_sound(inputs: Inputs, stages: Stages) -> Path:
    """Stage: proof that all clips can be read, `sound.json`, and what each sounds like, `prints.npz`.

    What had to be converted is said. Synthetic voices are not compared: one synthesiser's sound alike.

    Raises:
        AudioUnreadable: A clip is truncated, empty, not audio, or has NaN samples.
        SpeakerLeak: A recording that is heard in training or selection is to be scored too, under another name.
    """
    wanted = {
        inputs.emotion_corpus.name: inputs.clips,
        inputs.keyword_corpus.name: (*inputs.keywords, *inputs.others),
    }

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips

        samples, prints = {}, Prints.of([])
        for name, clips in wanted.items():
            sound = read_clips(clips, f"checking {name}")
            samples[name] = sum(len(pcm) for pcm in sound)
            called = (f"{clip.speaker}/{clip.name}" for clip in clips)
            prints = prints.together(Prints.of(track(zip(called, sound, strict=True), f"prints of {name}")))
        write_json(folder / "sound.json", {"samples": samples})
        (folder / PRINTS).write_bytes(prints.to_bytes())

    parts = {
        "corpora": [inputs.digests["emotion"], inputs.digests["keyword"]],
        "clips": {name: [clip.name for clip in clips] for name, clips in wanted.items()},
    }
    folder = stages.run("sound", parts, make)
    prints, scored = _read(folder), _scored(inputs)
    require_no_duplicates(prints.take(_real(inputs) & ~scored), prints.take(_real(inputs) & scored))
    return folder


def heard_prints(inputs: Inputs, sound: Path) -> Prints:
    """Return the prints of all that training and selection hear, of both corpora, from the stage of `check_sound`."""
    return _read(sound).take(_real(inputs) & ~_scored(inputs))


def require_unheard(inputs: Inputs, sound: Path, held_out: Iterable[Iterable[str]]) -> None:
    """Refuse folds whose held-out speakers' recordings occur among the others' as well.

    Args:
        inputs: What is divided.
        sound: The stage of `check_sound`.
        held_out: The speakers of each fold that are scored.

    Raises:
        SpeakerLeak: Names the pairs.
    """
    prints, speakers = _read(sound), _speakers(inputs)
    emotional = (np.arange(len(speakers)) < len(inputs.clips)) & _real(inputs)
    for fold in held_out:
        away = np.isin(speakers, list(fold))
        require_no_duplicates(prints.take(emotional & ~away), prints.take(emotional & away))


def _read(sound: Path) -> Prints:
    return Prints.from_bytes((sound / PRINTS).read_bytes())


def _speakers(inputs: Inputs) -> NDArray[np.str_]:
    return np.array([clip.speaker for clip in (*inputs.clips, *inputs.keywords, *inputs.others)])


def _real(inputs: Inputs) -> NDArray[np.bool_]:
    """Return for each clip whether somebody spoke it: a synthesiser's voices are too alike to be told apart."""
    counts = (len(inputs.clips), len(inputs.keywords) + len(inputs.others))
    return np.repeat([inputs.emotion_corpus.origin == "real", inputs.keyword_corpus.origin == "real"], counts)


def _scored(inputs: Inputs) -> NDArray[np.bool_]:
    """Return for each clip whether a test speaker of either corpus spoke it."""
    return np.isin(_speakers(inputs), [*inputs.split.test, *inputs.word_split.test])
