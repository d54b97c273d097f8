"""Layers of a speech foundation model that hears the waveform: Whisper, Moonshine, WavLM and others."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.parts import PartSettings
from firmware_bridge.base.progress import track
from train.features.layers import ranked
from train.features.registry import Arrays, FeatureSequences, Speech, averaged, feature, padded
from train.foundation.catalogue import open_encoder
from train.foundation.encoder import PASS, About, Encoder, hear_statistics
from train.foundation.ranking import CHOICES


class EncoderSettings(PartSettings):
    """Settings of the feature.

    Attributes:
        name: Which feature it is.
        encoder: Which foundation model, as `undertone encoders` lists them.
        layer: `probe`, `saliency` or `correlation` for the best layer by that score on training speakers, or one name,
            or several separated by commas, which are laid side by side.
        neighbours: Where a score chooses: take this many layers before and after the chosen one as well.
        statistics: Instead of the sequence, its mean and deviation over time: one step.
        average: How many steps are averaged into one, where it stays a sequence.
    """

    name: Literal["encoder"] = "encoder"
    encoder: str = "whisper-tiny-en"
    layer: Annotated[str, BeforeValidator(lambda v: ",".join(v) if isinstance(v, list | tuple) else v)] = (
        "probe"
    )
    neighbours: int = Field(default=0, ge=0, le=4)
    statistics: bool = False
    average: int = Field(default=4, ge=1)


@functools.cache
def about(encoder: str) -> About:
    """Return what an encoder is; it is opened once a process for this, as its file is read as a whole."""
    return open_encoder(encoder).about


def lacks(settings: EncoderSettings) -> str:
    """Return why the encoder cannot be opened here; empty where it can.

    Raises:
        UnknownName: There is no such encoder anywhere: a slip in a recipe is no reason for a stand-in.
        ModelInvalid: It is here, but damaged, or a pickle.
    """
    try:
        about(settings.encoder)
    except EnvironmentLacking as error:
        return f"{error.what} ({error.remedy})" if error.remedy else error.what
    return ""


def fingerprint(settings: EncoderSettings) -> str:
    """Return the SHA-256 of the encoder's weights."""
    return about(settings.encoder).fingerprint


def whose(settings: EncoderSettings) -> tuple[str, str]:
    """Return the encoder's name and the licence of its weights."""
    found = about(settings.encoder)
    return found.name, found.licence


def hear_sequences(
    encoder: Encoder, speech: Speech, layers: tuple[str, ...], average: int
) -> list[npt.NDArray[np.float16]]:
    """Return float16[steps, width of all layers] of each clip; what is left of the last group of steps is dropped."""
    made = []
    for start in track(range(0, len(speech.pcm), PASS), f"listening with {encoder.about.name}"):
        for found in encoder.encode(speech.pcm[start : start + PASS], layers):
            whole = np.concatenate([found[name] for name in layers], axis=1)
            made.append(averaged(whole, average).astype(np.float16))
    return made


def wanted_layers(chosen: str, names: tuple[str, ...], neighbours: int) -> tuple[str, ...]:
    """Return a layer and its neighbours, from input to output."""
    place = names.index(chosen)
    return names[max(0, place - neighbours) : place + neighbours + 1]


@feature(
    "encoder",
    summary="layers of a speech foundation model",
    settings=EncoderSettings,
    lacks=lacks,
    digest=fingerprint,
    network=whose,
)
def hear_encoder(speech: Speech, settings: EncoderSettings) -> FeatureSequences:
    """Return the wanted layers of every clip; where a score chooses them, training speakers alone are looked at.

    Raises:
        UnknownName: No such encoder, layer or way to choose one.
        AudioUnreadable: A clip is too short or too long for the encoder.
    """
    encoder = open_encoder(settings.encoder)
    report: dict[str, Any] = {}
    picture = b""
    tables: Arrays = {}
    if settings.layer in CHOICES:
        tables = speech.remember(
            f"{settings.encoder}-statistics",
            lambda: dict(hear_statistics(encoder, speech.pcm)),
        )
        means = {name: table[:, : table.shape[1] // 2] for name, table in tables.items()}
        report, picture = ranked(encoder, tables, means, speech, settings.layer)
        layers = wanted_layers(report["chosen"], encoder.layer_names, settings.neighbours)
    else:
        layers = tuple(encoder.layer(name.strip()).name for name in settings.layer.split(","))
    report = {"encoder": encoder.about.name, **report, "heard": list(layers)} if report else {}
    deepest = max(layers, key=encoder.layer_names.index)
    if settings.statistics:
        tables = tables or speech.remember(
            f"{settings.encoder}-{'-'.join(layers)}-statistics",
            lambda: dict(hear_statistics(encoder.cut(deepest), speech.pcm, layers)),
        )
        table = np.concatenate([tables[name] for name in layers], axis=1)[:, None]
        return FeatureSequences(table, np.ones(len(table), np.int64), report, picture)
    kept = speech.remember(
        f"{settings.encoder}-{'-'.join(layers)}-by{settings.average}",
        lambda: dict(
            zip(
                ("sequences", "steps"),
                padded(hear_sequences(encoder.cut(deepest), speech, layers, settings.average)),
                strict=True,
            )
        ),
    )
    return FeatureSequences(kept["sequences"], kept["steps"], report, picture)
