"""Every sound file of a build is read once before the long work: a damaged one is found in seconds."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.files import write_json
from tools.pipeline.inputs import Inputs
from tools.pipeline.stages import Stages


def check_sound(inputs: Inputs, stages: Stages) -> Path:
    """Stage: proof that all clips can be read, `sound.json`; what had to be converted is said.

    Raises:
        AudioUnreadable: A clip is truncated, empty, not audio, or has NaN samples.
    """
    wanted = {
        inputs.emotion.name: inputs.clips,
        inputs.words.name: (*inputs.keywords, *inputs.others),
    }

    def make(folder: Path) -> None:
        from train.corpora.reading import read_clips

        samples = {
            name: sum(len(pcm) for pcm in read_clips(clips, f"checking {name}"))
            for name, clips in wanted.items()
        }
        write_json(folder / "sound.json", {"samples": samples})

    parts = {
        "corpora": inputs.fingerprints,
        "clips": {name: [clip.path.name for clip in clips] for name, clips in wanted.items()},
    }
    return stages.run("sound", parts, ("firmware_bridge/sound/audio.py",), make)
