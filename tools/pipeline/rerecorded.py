"""How well an acoustic network hears clips that were re-recorded, on channels that training never met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend import MicroFrontend
from tools.pipeline.inputs import Inputs
from tools.pipeline.int8 import run_int8
from tools.pipeline.stages import Stages


def hear_rerecorded(
    inputs: Inputs, stages: Stages, acoustic: Path, rows: NDArray[np.int64], channel: str, name: str
) -> Path:
    """Stage: int8 scores of the acoustic network on clips sent through a channel of `hil`, `scores.npy`.

    Rooms and noises are those of the test part, whatever the network was trained on.

    Args:
        inputs: Whose clips.
        stages: Where results are kept.
        acoustic: Stage folder with `acoustic.tflite`.
        rows: Which clips.
        channel: `bench`, `noisy` or `harsh`.
        name: Of the stage.

    Raises:
        UnknownName: No such channel.
    """
    from firmware_bridge.base.errors import UnknownName
    from hil.rig.rerecord import CHANNELS, rerecord
    from train.corpora.noise import load_noises, load_rooms
    from train.corpora.reading import read_clips
    from train.views import compute_features

    if channel not in CHANNELS:
        raise UnknownName("channel", channel, CHANNELS)
    noises, rooms = load_noises("test"), load_rooms("test")

    def make(folder: Path) -> None:
        clips = [inputs.clips[row] for row in rows]
        sound = read_clips(clips, f"reading {inputs.emotion_corpus.name}")
        cut = inputs.recipe.window.cut
        windows = [
            cut(rerecord(inputs.emotion_corpus.name_of(clip), pcm, CHANNELS[channel], rooms, noises).pcm)[0]
            for clip, pcm in zip(clips, sound, strict=True)
        ]
        title = f"features, {channel}"
        features = compute_features(
            len(windows), windows.__getitem__, MicroFrontend(inputs.frontend), inputs.scaling, title
        )
        np.save(folder / "scores.npy", run_int8(acoustic / "acoustic.tflite", features, f"int8, {channel}"))

    parts = {
        "acoustic": acoustic.name,
        "corpus": inputs.digests["emotion"],
        "rows": [int(row) for row in rows],
        "channel": CHANNELS[channel].model_dump(mode="json"),
        "rooms": [room.name for room in rooms],
        "noises": [noise.name for noise in noises],
    }
    return stages.run(name, parts, make)
