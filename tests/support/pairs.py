"""Two tiny bundles of which one is worse on purpose, and the clips that show it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from firmware_bridge.contract.bundle import Bundle, write_bundle
from hil.compare import Comparison, compare
from hil.compare.bundle_side import bundle_sides, choose_clips
from tests.support.recordings import write_ravdess
from tests.support.tiny_bundle import LABELS, fitted, one_layer, with_acoustic
from train.corpora import load_corpus
from train.corpora.reading import read_clips

UNHEARD = ("ravdess/04", "ravdess/05", "ravdess/06")
RECIPE = {"student": {"width": 64, "kernel": 5}, "seeds": [1, 2]}


def good_and_spoilt(folder: Path, root: Path) -> tuple[Bundle, Bundle]:
    """Return a bundle that is right on every clip of a small RAVDESS, and the same with damaged weights.

    In the damaged one the weights of the first class have the other sign, and one key of its recipe is another.
    """
    corpus = load_corpus(f"ravdess:{root}")
    clips = [one for one in corpus.with_audio() if one.label in LABELS and one.speaker in UNHEARD]
    weights = fitted(read_clips(clips, "reading"), [LABELS.index(str(one.label)) for one in clips])
    damaged = weights.copy()
    damaged[0] = -weights[0]
    changed = RECIPE | {"student": {"width": 48, "kernel": 5}}
    made = (
        ("good", weights, RECIPE, "a" * 40),
        ("spoilt", damaged, changed, "b" * 40),
    )
    good, spoilt = (
        write_bundle(folder / name, *with_acoustic(one_layer(3, 0, rows), recipe=recipe, git_revision=code))
        for name, rows, recipe, code in made
    )
    return good, spoilt


class Pair(NamedTuple):
    """Both bundles, and the folder of the corpus that they are compared on."""

    good: Bundle
    spoilt: Bundle
    root: Path

    def compared(self, first: Bundle, second: Bundle) -> Comparison:
        return compare(
            *bundle_sides(first, second, choose_clips(first, second, f"ravdess:{self.root}", None))
        )


def make_pair(folder: Path) -> Pair:
    """Return the pair, written into a folder."""
    root = write_ravdess(folder / "ravdess", takes=2)
    return Pair(*good_and_spoilt(folder, root), root)
