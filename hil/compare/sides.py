"""One side of a comparison: figures by group, answers clip by clip, and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Quantity

Figures = Mapping[str, Quantity]


@dataclass(frozen=True)
class Clip:
    """Who spoke, and the true class of one output."""

    speaker: str
    truth: str


@dataclass(frozen=True)
class Output:
    """What one output took each clip for.

    Attributes:
        labels: Its classes, in order.
        clips: By the clip's name.
        heard: Class by the clip's name; the same names.
    """

    labels: tuple[str, ...]
    clips: Mapping[str, Clip]
    heard: Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """A bundle, or a run of the rig.

    Attributes:
        kind: `bundle` or `run`.
        place: Where it was read, as the user named it.
        bundle: Id of the bundle.
        figures: Bytes, operations, stages, memories and others: group, then name.
        made_from: Recipe, front-end, corpora and split by dotted key.
        code: Revision of the code that made the bundle.
        networks: Hash of each file of the bundle by name; empty where a run does not tell.
        outputs: What each output took each clip for; empty where `why_not` says why.
        why_not: Why no answers can be compared.
        conditions: What the answers depend on beside the bundle (device, channel, corpus).
        evidence: What the answers are worth.
        speech: `real` or `synthetic`; empty without answers.
    """

    kind: str
    place: str
    bundle: str
    figures: Mapping[str, Figures]
    made_from: Mapping[str, Any]
    code: str
    networks: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    why_not: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    speech: str = ""


def heard_as(scores: NDArray[np.generic], labels: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the best class of each clip by name.

    Args:
        scores: [clips, labels], higher is better.
        labels: In the order of the scores.
        names: Of the clips.
    """
    return {name: labels[int(best)] for name, best in zip(names, scores.argmax(axis=1), strict=True)}
