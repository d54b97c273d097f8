"""eGeMAPS and ComParE: the feature sets of the literature, through opensmile (an extra: research licence)."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import numpy as np

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float
from train.features.registry import FeatureSequences, Speech, feature

REMEDY = "to get it: .venv/bin/python -m pip install -e '.[opensmile]' (its licence is for research)"


class EgemapsSettings(PartSettings):
    """Settings of eGeMAPSv02: 88 functionals of a clip (Eyben et al. 2016)."""

    name: Literal["egemaps"] = "egemaps"


class CompareSettings(PartSettings):
    """Settings of ComParE 2016: 6,373 functionals of a clip (Schuller et al. 2016)."""

    name: Literal["compare"] = "compare"


def lacks(settings: Any) -> str:
    """Return what is not installed; empty where it is."""
    return "" if importlib.util.find_spec("opensmile") else f"opensmile is not installed; {REMEDY}"


def version(settings: Any) -> str:
    """Return the version of opensmile, which decides the values."""
    from importlib.metadata import version as installed

    return installed("opensmile")


def functionals(speech: Speech, feature_set: str) -> FeatureSequences:
    """Return the functionals of every clip as one step, float32 [clips, 1, functionals]; what is not finite is 0.

    Raises:
        EnvironmentLacking: opensmile is not installed.
    """
    try:
        import opensmile
    except ImportError as error:
        raise EnvironmentLacking("opensmile is not installed", REMEDY) from error
    smile = opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, feature_set),
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    rows = [
        smile.process_signal(to_float(pcm), SAMPLE_RATE_HZ).to_numpy(np.float32)
        for pcm in track(speech.pcm, "computing functionals", len(speech.pcm))
    ]
    table = np.nan_to_num(np.stack(rows), nan=0.0, posinf=0.0, neginf=0.0)
    return FeatureSequences(table, np.ones(len(table), np.int64))


@feature("egemaps", summary="eGeMAPSv02, 88 values", settings=EgemapsSettings, lacks=lacks, digest=version)
def hear_egemaps(speech: Speech, settings: EgemapsSettings) -> FeatureSequences:
    """Return eGeMAPSv02 of every clip."""
    return functionals(speech, "eGeMAPSv02")


@feature(
    "compare", summary="ComParE 2016, 6,373 values", settings=CompareSettings, lacks=lacks, digest=version
)
def hear_compare(speech: Speech, settings: CompareSettings) -> FeatureSequences:
    """Return ComParE 2016 of every clip."""
    return functionals(speech, "ComParE_2016")
