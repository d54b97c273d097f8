"""The `composed` set: a real emotional clip joined with a real spoken keyword.

No public corpus at hand has emotion and telling words together, so the fusion task is made explicit: which
word is joined to a clip is drawn from a table P(word | emotion) that stands in the recipe. Because the table
is known, so is the best that any fusion could gain; both are printed side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.settings import Settings
from firmware_bridge.sound.acoustics import Signal, rms, to_float, to_pcm16
from train.augment import place

Pcm = NDArray[np.int16]
NO_KEYWORD = "none"
FRAME = 320
MARGIN = 800


class ComposedSettings(Settings):
    """How emotion and keyword are joined.

    Attributes:
        words: Keywords; the class "none" stands before them.
        table: For each emotion, P(none), P(word 1), ... in percent, summing to 100.
        draws: How many times each emotional clip is used, each time with a new draw.
        level_db: Largest level difference between keyword and emotional clip.
        gap_ms: Shortest and longest pause between them.
        before_share: Share of the windows in which the keyword comes first.
    """

    words: tuple[str, ...] = ("bed", "cat", "happy")
    table: dict[str, tuple[float, ...]]
    draws: int = Field(default=2, ge=1, le=50)
    level_db: float = Field(default=6.0, ge=0)
    gap_ms: tuple[int, int] = (100, 300)
    before_share: float = Field(default=0.5, ge=0, le=1)

    @property
    def classes(self) -> tuple[str, ...]:
        """Keyword classes, "none" first."""
        return (NO_KEYWORD, *self.words)

    @model_validator(mode="after")
    def _check(self) -> ComposedSettings:
        for emotion, row in self.table.items():
            # Written so that a NaN fails it.
            if len(row) != len(self.classes) or not (min(row) >= 0 and abs(sum(row) - 100.0) <= 1e-6):
                raise ValueError(
                    f"the row of '{emotion}' must hold {len(self.classes)} percentages "
                    f"({', '.join(self.classes)}) that sum to 100"
                )
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"each word once, and none of them '{NO_KEYWORD}': {', '.join(self.words)}")
        if not 0 <= self.gap_ms[0] <= self.gap_ms[1]:
            raise ValueError("gap_ms must be the shortest and the longest pause, neither below 0")
        return self

    def probabilities(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """Return P(word | emotion) as float64[labels, classes].

        Raises:
            InvalidSetting: The table has no row for a label.
        """
        missing = [label for label in labels if label not in self.table]
        if missing:
            raise InvalidSetting(
                f"the composed table has no row for: {', '.join(missing)}",
                "add the rows under [composed.table]",
            )
        return np.array([self.table[label] for label in labels], np.float64) / 100.0


@dataclass(frozen=True)
class Draw:
    """One composed window before it is made.

    Attributes:
        emotion: Index of the emotional clip.
        keyword: Class of the keyword (0 is "none").
        clip: Index of the keyword clip, -1 for none.
    """

    emotion: int
    keyword: int
    clip: int


def draw(
    emotions: NDArray[np.int64],
    keyword_classes: NDArray[np.int64],
    table: NDArray[np.float64],
    draws: int,
    seed: int,
) -> list[Draw]:
    """Draw keywords for emotional clips from the table.

    Args:
        emotions: int64[clips], emotion class of each emotional clip.
        keyword_classes: int64[keyword clips], class of each keyword clip (1..words).
        table: float64[emotions, classes], P(word | emotion).
        draws: Draws per emotional clip.
        seed: Same seed, same draws.

    Returns:
        `draws` entries per emotional clip.

    Raises:
        InvalidSetting: A word of the table has no clip.
    """
    rng = np.random.default_rng(seed)
    by_class = {k: np.flatnonzero(keyword_classes == k) for k in range(1, table.shape[1])}
    empty = [k for k, found in by_class.items() if not len(found)]
    if empty:
        raise InvalidSetting(
            f"no clips of keyword class {empty[0]} among these speakers", "use other words or speakers"
        )
    result = []
    for _ in range(draws):
        for clip, emotion in enumerate(emotions):
            word = int(rng.choice(table.shape[1], p=table[emotion]))
            result.append(Draw(clip, word, int(rng.choice(by_class[word])) if word else -1))
    return result


def trim(pcm: Signal) -> Signal:
    """Cut the silence at both ends: frames of 20 ms more than 35 dB below the loudest; 50 ms are left.

    A clip of silence is returned whole.
    """
    frames = len(pcm) // FRAME
    if frames < 2:
        return pcm
    energy = np.square(pcm[: frames * FRAME]).reshape(frames, FRAME).mean(1)
    loud = np.flatnonzero(energy > energy.max() * 10**-3.5)
    if not len(loud):
        return pcm
    start = max(0, int(loud[0]) * FRAME - MARGIN)
    return pcm[start : (int(loud[-1]) + 1) * FRAME + MARGIN]


@dataclass(frozen=True, eq=False)
class Composed:
    """One composed window.

    Attributes:
        pcm: int16[samples].
        centre: Sample in the middle of the keyword, -1 where there is none.
    """

    pcm: Pcm
    centre: int


def compose(
    emotional: Pcm, keyword: Pcm | None, samples: int, settings: ComposedSettings, rng: np.random.Generator
) -> Composed:
    """Join one emotional clip and at most one keyword in one window.

    Args:
        emotional: int16[n].
        keyword: int16[m], or None for no keyword.
        samples: Length of the window.
        settings: Level, pause and order.
        rng: Source of all randomness.

    Returns:
        The window. Where both do not fit, the emotional clip loses its end.
    """
    speech = trim(to_float(emotional))
    if keyword is None:
        spare = max(0, samples - len(speech))
        return Composed(to_pcm16(place(speech, samples, int(rng.integers(0, spare + 1)))), -1)
    word = trim(to_float(keyword))
    level = 10.0 ** (settings.level_db * rng.uniform(-1, 1) / 20.0)
    word = word * np.float32(level * rms(speech) / max(rms(word), 1e-6))
    gap = np.zeros(int(rng.integers(settings.gap_ms[0], settings.gap_ms[1] + 1)) * 16, np.float32)
    speech = speech[: max(0, samples - len(word) - len(gap))]
    first = rng.random() < settings.before_share
    joined = np.concatenate((word, gap, speech) if first else (speech, gap, word))[:samples]
    start = int(rng.integers(0, samples - len(joined) + 1))
    before = 0 if first else len(speech) + len(gap)
    return Composed(to_pcm16(place(joined, samples, start)), start + before + len(word) // 2)
