"""Every sound file of a build is read once before the long work: damage, and copies across a split, are found then."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

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
        inputs.emotion.name: inputs.clips,
        inputs.words.name: (*inputs.keywords, *inputs.others),
    }

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips

        samples, prints = {}, Prints.of([])
        for name, clips in wanted.items():
            sound = read_clips(clips, f"checking {name}")
            samples[name] = sum(len(pcm) for pcm in sound)
            called = (f"{clip.speaker}/{clip.path.name}" for clip in clips)
            prints = prints.together(Prints.of(track(zip(called, sound, strict=True), f"prints of {name}")))
        write_json(folder / "sound.json", {"samples": samples})
        (folder / PRINTS).write_bytes(prints.to_bytes())

    parts = {
        "corpora": inputs.digests,
        "clips": {name: [clip.path.name for clip in clips] for name, clips in wanted.items()},
    }
    folder = stages.run("sound", parts, make)
    require_no_duplicates(heard_prints(inputs, folder), held_out_prints(inputs, folder))
    return folder


def _real(inputs: Inputs) -> list[bool]:
    """Return for each clip whether somebody spoke it: a synthesiser's voices are too alike to be told apart."""
    emotional, words = inputs.emotion.evidence == "real", inputs.words.evidence == "real"
    return [emotional] * len(inputs.clips) + [words] * (len(inputs.keywords) + len(inputs.others))


def heard_prints(inputs: Inputs, sound: Path) -> Prints:
    """Return the prints of all that training and selection hear, of both corpora, from the stage of `check_sound`."""
    kept_away = {*inputs.split.test, *inputs.word_split.test}
    heard = (speaker not in kept_away for speaker in _speakers(inputs))
    return _prints_of(sound, (one and real for one, real in zip(heard, _real(inputs), strict=True)))


def held_out_prints(inputs: Inputs, sound: Path) -> Prints:
    """Return the prints of all that is scored: both corpora's test speakers."""
    kept_away = {*inputs.split.test, *inputs.word_split.test}
    held_out = (speaker in kept_away for speaker in _speakers(inputs))
    return _prints_of(sound, (one and real for one, real in zip(held_out, _real(inputs), strict=True)))


def require_unheard(inputs: Inputs, sound: Path, held_out: Iterable[str]) -> None:
    """Refuse a fold whose held-out speakers' recordings occur among the others' as well.

    Raises:
        SpeakerLeak: Names the pairs.
    """
    emotional = (np.arange(len(_speakers(inputs))) < len(inputs.clips)) & _real(inputs)
    away = np.isin(_speakers(inputs), list(held_out))
    require_no_duplicates(_prints_of(sound, emotional & ~away), _prints_of(sound, emotional & away))


def _speakers(inputs: Inputs) -> list[str]:
    return [clip.speaker for clip in (*inputs.clips, *inputs.keywords, *inputs.others)]


def _prints_of(sound: Path, wanted: Iterable[bool]) -> Prints:
    return Prints.from_bytes((sound / PRINTS).read_bytes()).take(wanted)
