"""Which student is deployed, and what listening to the teacher gained, from what each one reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Trial(NamedTuple):
    """One way to train a student.

    Attributes:
        taught: Whether the teacher was listened to.
        seed: Its seed.
    """

    taught: bool
    seed: int


def choose(reached: Mapping[Trial, float]) -> Trial:
    """Return the better way, taught or not, and its best seed.

    The simpler way wins unless teaching gains more than its own spread over paired seeds. Soft targets make soft
    scores: taught students have more windows whose two best classes are nearly equal, and these are the ones that
    int8 turns over (`train/README.md`). So teaching has to be worth it, and one pair shows no spread to be above.

    Args:
        reached: The UAR of each trial on validation speakers.
    """
    taught = False
    if any(trial.taught for trial in reached):
        found = gain_of_teaching(reached)
        taught = found["seeds"] > 1 and found["gain"] > max(found["spread"], 0.0)
    return max((t for t in reached if t.taught == taught), key=lambda trial: (reached[trial], -trial.seed))


def gain_of_teaching(reached: Mapping[Trial, float]) -> dict[str, Any]:
    """Return the gain of distillation over paired seeds: mean, spread (n - 1), seeds, and every value.

    Args:
        reached: The UAR of each trial on the same speakers; every taught seed has a plain one.
    """
    pairs = [value - reached[Trial(False, trial.seed)] for trial, value in reached.items() if trial.taught]
    return {
        "gain": float(np.mean(pairs)),
        "spread": float(np.std(pairs, ddof=1)) if len(pairs) > 1 else 0.0,
        "seeds": len(pairs),
        "values": {f"{'taught' if t else 'plain'}-{s}": v for (t, s), v in sorted(reached.items())},
    }
