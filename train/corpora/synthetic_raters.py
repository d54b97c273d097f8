"""`synthetic_raters`: synthetic voices between two emotions, and nine synthetic listeners who vote on each clip.

Where there is no corpus with raters, votes can be set against consensus here. A clip's prosody lies somewhere between
the settings of two emotions. A listener hears rate, pitch, range and loudness with an error of his own and names the
nearest emotion; so votes split where clips are ambiguous, and by as much. Label is the class most listeners name.
Nobody listened: what comes from here shows that the arithmetic works, and nothing about people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.paths import ROOT
from train.corpora.ballots import shares_of
from train.corpora.record import Corpus
from train.corpora.registry import reader
from train.corpora.synthetic import (
    EMOTION_VOICES,
    EMOTIONS,
    SENTENCES,
    VERSION,
    Planned,
    read_plan,
    within_limits,
)

LISTENERS = 9
CLIPS_A_VOICE = 48
SETTINGS = ("rate_wpm", "pitch", "pitch_range", "volume")
_JUST_HEARD = np.array(
    [22.0, 12.0, 22.0, 14.0]
)  # one deviation of a listener's error, in the settings' units
_RATINGS = ("valence", "arousal", "dominance")
_SEED = 3


def plan_rated() -> list[Planned]:
    """Return what `synthetic_raters` says: 10 voices x 48 clips, each between two emotions, with its votes."""
    rng = np.random.default_rng(_SEED)
    names = tuple(EMOTIONS)
    table = {name: np.array([getattr(EMOTIONS[name], key) for key in SETTINGS]) for name in names}
    ratings = {name: np.array([getattr(EMOTIONS[name], key) for key in _RATINGS]) for name in names}
    planned: list[Planned] = []
    for voice in EMOTION_VOICES:
        for number in range(CLIPS_A_VOICE):
            first = names[number % len(names)]
            second = str(rng.choice([name for name in names if name != first]))
            weight = float(rng.uniform(0.0, 0.6))
            point = (1 - weight) * table[first] + weight * table[second] + rng.normal(0, 0.3, 4) * _JUST_HEARD
            ballots = listen(point, rng)
            place = (1 - weight) * ratings[first] + weight * ratings[second]
            settings = dict(zip(SETTINGS, np.round(point).astype(int).tolist(), strict=True))
            settings["rate_wpm"] += voice.rate_wpm
            settings["pitch"] += voice.pitch
            sentence = SENTENCES[number // len(names) % len(SENTENCES)]
            facts: dict[str, Any] = {
                "file": f"{voice.name}/{number:02}.wav",
                "speaker": voice.name,
                "gender": voice.gender,
                "label": max(names, key=lambda name: (ballots.count((name,)), name == first)),
                "votes": shares_of(ballots, names),
                "raters": LISTENERS,
                "transcript": sentence,
                **dict(zip(_RATINGS, (round(float(value), 4) for value in place), strict=True)),
            }
            planned.append((within_limits(sentence, voice, settings), facts))
    return planned


def listen(point: npt.NDArray[np.float64], rng: np.random.Generator) -> list[tuple[str]]:
    """Return what each listener names on hearing a prosody.

    Args:
        point: float64 [4], rate, pitch, range and volume relative to the voice.
        rng: Of the listeners' errors.
    """
    names = tuple(EMOTIONS)
    known = np.array([[getattr(how, key) for key in SETTINGS] for how in EMOTIONS.values()]) / _JUST_HEARD
    perceived = point / _JUST_HEARD + rng.normal(0, 1, (LISTENERS, len(SETTINGS)))
    nearest = np.square(perceived[:, None] - known).sum(axis=2).argmin(axis=1)
    return [(names[place],) for place in nearest]


@reader(
    "synthetic_raters",
    task="emotion",
    summary="synthetic voices between two emotions, each with the votes of 9 synthetic listeners",
    default=ROOT / "build" / "corpora" / f"synthetic-raters-{VERSION}",
)
def load(root: Path) -> Corpus:
    """Read the rated synthetic emotions from `root`, after making them there if need be."""
    return read_plan("synthetic_raters", root, tuple(EMOTIONS), plan_rated())
