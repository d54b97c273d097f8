"""A layer of YAMNet, which hears the chip's own features of a whole window."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.parts import PartSettings
from firmware_bridge.microfrontend import InputScaling, MicroFrontend, preset
from train.augment import AugmentSettings
from train.features.layers import ranked
from train.features.registry import FeatureSequences, Speech, feature
from train.foundation.network_file import find_network
from train.foundation.yamnet import YAMNET_FILE
from train.views import Surroundings, clip_views


class YamnetLayerSettings(PartSettings):
    """Settings of the feature.

    Attributes:
        name: Which feature it is.
        layer: `probe`, `saliency` or `correlation` for the best layer by that score, or a layer's name.
    """

    name: Literal["yamnet_layer"] = "yamnet_layer"
    layer: str = "probe"


def lacks(settings: YamnetLayerSettings) -> str:
    """Return what is not at hand; empty where all is."""
    return "" if find_network(YAMNET_FILE) else "YAMNet's file is not at hand"


def clean_features(speech: Speech, front_end: str) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Return int8[clips, frames, channels] of a front-end preset, and the frames of each clip that are speech."""
    spec, samples = preset(front_end), speech.window_samples
    features = clip_views(
        speech.pcm, samples, MicroFrontend(spec), InputScaling(), AugmentSettings(), Surroundings(), 0, 0
    )[0]
    return features, np.array([spec.frames(min(len(p), samples)) for p in speech.pcm], np.int64)


def sequence_steps(frames: npt.NDArray[np.int64], steps: int, longest: int) -> npt.NDArray[np.int64]:
    """Return how many of a layer's `steps` are speech, for clips with so many of `longest` frames of speech."""
    return np.clip(-(-frames * steps // longest), 1, steps).astype(np.int64)


@feature(
    "yamnet_layer",
    summary="a layer of YAMNet on the chip's features",
    settings=YamnetLayerSettings,
    lacks=lacks,
    digest=lambda settings: YAMNET_FILE.sha256,
    network=lambda settings: ("yamnet", YAMNET_FILE.licence),
)
def hear_yamnet(speech: Speech, settings: YamnetLayerSettings) -> FeatureSequences:
    """Return the activations over time of the chosen layer, float16 [clips, steps, channels].

    Raises:
        UnknownName: No such layer or way to choose one.
    """
    from train.foundation.extract import YamNet

    model, rows = YamNet(), speech.learn
    features, frames = clean_features(speech, model.frontend)
    pooled = model.pooled(features[rows], tuple(model.layers), lengths=frames[rows])
    tables = {}
    for name, values in pooled.items():
        # Layers are ranked by training speakers alone: nothing is known of the others.
        tables[name] = np.full((len(features), values.shape[1]), np.nan, np.float32)
        tables[name][rows] = values
    report, picture = ranked(model, tables, None, speech, settings.layer)
    report = {"encoder": model.name, **report, "heard": [report["chosen"]]}
    wanted = model.sequences(features, (report["chosen"],))[report["chosen"]]
    return FeatureSequences(
        wanted, sequence_steps(frames, wanted.shape[1], features.shape[1]), report, picture
    )
