"""Systems against each other, over speakers: p-values counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support import systems
from train.mitra.paired import all_pairs, compare_pair, holm, sign_flip_p


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 1, 1], 2 / 8),  # only all plus and all minus are as far from zero
        ([1, 2, -1], 6 / 8),  # |sum| 2 is reached by 4, 2, -2 and their mirror images, not by 0
        ([0, 0], 1.0),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 2 / 32),
    ],
)
def test_all_flips_are_counted(differences: list[float], p: float) -> None:
    assert sign_flip_p(differences) == pytest.approx(p)


def test_many_speakers_are_flipped_at_random() -> None:
    rng = np.random.default_rng(3)
    shifted = rng.normal(0.5, 1.0, 25)
    few, same = sign_flip_p(shifted), sign_flip_p(shifted)
    assert few == same
    # The normal approximation of the same test.
    from scipy.stats import norm

    z = abs(shifted.sum()) / np.sqrt(np.square(shifted).sum())
    assert few == pytest.approx(2 * norm.sf(z), abs=0.01)
    assert sign_flip_p(np.ones(25)) == pytest.approx(1 / 100_001)


def test_holm() -> None:
    # Sorted: .01 * 3, .03 * 2, .04 * 1; none below the one before.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_pair() -> None:
    worse = systems.heard("ahs hsa sha hsa sha ahs", system="worse")
    found = compare_pair(systems.truth(), systems.heard(), worse, resamples=100)
    # UAR 2/3 against 1/2; only Bob differs, by 1/3: either flip is as far from zero.
    assert found.difference.value == pytest.approx(1 / 6)
    assert (found.better_for, found.worse_for, found.speakers) == (1, 0, 2)
    assert found.p == pytest.approx(1.0)
    assert (found.first, found.second) == ("ears", "worse")


def test_all_pairs_are_corrected_together() -> None:
    heard = [systems.heard(system=name) for name in "abc"]
    found = all_pairs(systems.truth(), heard, resamples=20)
    assert [(pair.first, pair.second) for pair in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all(pair.p == pair.p_holm == 1.0 for pair in found)
