"""The random split of many papers: clips are drawn, speakers are on both sides. Here to show what it flatters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from train.corpora.record import Clip
from train.protocols.plan import Fold, fold
from train.protocols.registry import Options, protocol


@protocol(
    "random-clips",
    summary="clips drawn at random, classes in proportion: voices are heard before",
    leaks=True,
)
def random_clips(clips: Sequence[Clip], options: Options) -> list[Fold]:
    """Return one fold with a share `test` of each class's clips, and `validation` of the rest."""
    rng = np.random.default_rng(options.seed or 0)
    classes: defaultdict[str, list[int]] = defaultdict(list)
    for place, clip in enumerate(clips):
        classes[str(clip.label)].append(place)
    parts: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for label in sorted(classes):
        drawn = rng.permutation(classes[label])
        tested = max(1, round(options.test * len(drawn)))
        chosen_on = round(options.validation * (len(drawn) - tested))
        parts["test"] += drawn[:tested].tolist()
        parts["validation"] += drawn[tested : tested + chosen_on].tolist()
        parts["train"] += drawn[tested + chosen_on :].tolist()
    return [fold("random", parts["train"], parts["test"], parts["validation"])]
