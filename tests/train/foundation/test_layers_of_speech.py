"""The middle of the network tells more about emotion than its first layer: real speech, unheard speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from firmware_bridge.sound.audio import read_audio
from train.foundation.extract import YamNet
from train.foundation.ranking import choose_layer, rank_layers

ACTORS = ("01", "02", "03", "04", "05", "06")
WINDOW = 300  # frames, 3 s


@pytest.mark.corpus
@pytest.mark.slow
def test_probe_prefers_the_middle(data_root: Path, yamnet_file: Path) -> None:
    """Strong emotions of six actors, 4 classes: neutral or calm, sad, angry, fearful."""
    model, scaling = YamNet(), InputScaling(kind="range")
    front = MicroFrontend(preset(model.frontend))
    classes = {"02": 0, "04": 1, "05": 2, "06": 3}
    features, labels, speakers = [], [], []
    for actor in ACTORS:
        for clip in sorted((data_root / "ravdess" / "audio" / f"Actor_{actor}").glob("03-01-0[2456]-02-*")):
            pcm = np.resize(read_audio(clip).pcm, WINDOW * 160 + 240)
            features.append(scaling.apply(front.process(pcm)))
            labels.append(classes[clip.name[6:8]])
            speakers.append(actor)
    pooled = model.pooled(np.stack(features), ("conv1", "conv13"))
    scores = rank_layers(model, pooled, np.array(labels), np.array(speakers), folds=3)
    first, middle = scores
    assert len(labels) == 96
    assert middle.probe_uar > 0.5
    assert middle.probe_uar > first.probe_uar + 0.05
    assert choose_layer(scores, "probe").layer == "conv13"
    assert first.saliency > middle.saliency
