"""What votes alone tell, by hand on four clips, and of CREMA-D's listeners."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora import load_corpus
from train.corpora.record import Clip
from train.mitra.votes import Ballots, ballots_of, fleiss_kappa, vote_facts

COUNTS = np.array([[4, 0], [3, 1], [2, 2], [0, 4]])
FOUR = Ballots("four clips", "synthetic", ("a", "b"), COUNTS, np.array([0, 0, 1, 1]), ("x", "x", "y", "y"))


def clip(votes: dict[str, float] | None, raters: int | None, label: str | None = "a") -> Clip:
    shares = tuple(votes.items()) if votes else None
    return Clip(Path("c.wav"), "four clips", "x", label, votes=shares, raters=raters, has_audio=False)


class TestByHand:
    found = vote_facts(FOUR, resamples=50)

    def test_agreement(self) -> None:
        assert self.found.agreement == pytest.approx((1 + 3 / 4 + 1 / 2 + 1) / 4)
        assert self.found.unanimous == pytest.approx(1 / 2)
        assert self.found.tied == pytest.approx(1 / 4)
        assert self.found.raters == (4, 4.0, 4)

    def test_entropy(self) -> None:
        quarter = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
        assert self.found.entropy == pytest.approx((0 + quarter + 1 + 0) / 4)
        assert self.found.entropy_histogram == pytest.approx((0.5, 0, 0, 0, 0, 0, 0, 0, 0.25, 0.25))

    def test_kappa(self) -> None:
        # Agreeing pairs: 1, 3/6, 2/6, 1. Votes: 9 of 16 for a.
        agreeing, chance = (1 + 3 / 6 + 2 / 6 + 1) / 4, (9 / 16) ** 2 + (7 / 16) ** 2
        assert self.found.kappa == pytest.approx((agreeing - chance) / (1 - chance))

    def test_intentions(self) -> None:
        assert self.found.heard_as == [[pytest.approx(7 / 8), pytest.approx(1 / 8)], [0.25, 0.75]]
        assert self.found.intended_majority == pytest.approx(1 / 2)
        assert self.found.intended_uar is not None
        assert self.found.intended_uar.value in (0.75, 1.0)  # the tied clip falls to either side

    def test_ceilings(self) -> None:
        assert -1 < self.found.half_ccc <= 1
        # Shares of a: 1, 3/4, 1/2, 0; consensus 1, 1, 1, 0 (the tie goes to the first class). Means 9/16 and 3/4,
        # variances 35/256 and 3/16, covariance 9/16 - 27/64.
        assert self.found.consensus_ccc == pytest.approx(
            2 * (9 / 16 - 27 / 64) / (35 / 256 + 3 / 16 + (9 / 16 - 3 / 4) ** 2)
        )

    def test_it_is_json_and_the_same_again(self) -> None:
        json.dumps(self.found.as_dict(), allow_nan=False)
        assert vote_facts(FOUR, resamples=50) == self.found


def test_raters_of_one_mind_leave_nothing_to_chance() -> None:
    one_mind = vote_facts(replace(FOUR, counts=np.array([[4, 0], [5, 0], [0, 3], [0, 4]])), resamples=20)
    assert one_mind.kappa == pytest.approx(1.0)
    assert one_mind.one_rater_uar.value == 1.0
    assert one_mind.half_ccc == pytest.approx(1.0)
    assert one_mind.consensus_ccc == pytest.approx(1.0)
    assert one_mind.raters == (3, 4.0, 5)


def test_kappa_of_fleiss_own_table() -> None:
    """The ten psychiatric diagnoses by fourteen raters that are the textbook's example: 0.210."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(np.array(table)) == pytest.approx(0.210, abs=5e-4)


def test_ballots_of_clips() -> None:
    clips = [
        clip({"a": 0.75, "b": 0.25}, 4),
        clip(None, None),
        clip({"a": 1.0}, 1),
        clip({"b": 1.0}, 2, None),
    ]
    found = ballots_of("four clips", "real", ("a", "b"), clips)
    assert found.counts.tolist() == [[3, 1], [0, 2]]
    assert found.intended.tolist() == [0, -1]
    heard = ballots_of("four clips", "real", ("a", "b"), clips, acted=False)
    assert vote_facts(heard, resamples=20).heard_as is None


def test_no_votes() -> None:
    with pytest.raises(CorpusInvalid, match="no votes of several raters"):
        ballots_of("four clips", "real", ("a", "b"), [clip(None, None)])


@pytest.mark.corpus
def test_what_crema_d_listeners_say(data_root: Path) -> None:
    corpus = load_corpus("crema_d")
    found = vote_facts(ballots_of(corpus.name, corpus.origin, corpus.labels, corpus.clips), resamples=100)
    assert (found.clips, found.speakers) == (7442, 91)
    # Cao et al. 2014: voice alone, listeners recognise 40.9 % of the intended emotions.
    assert found.heard_as is not None
    counts = np.array([np.array(row)[index] for index, row in enumerate(found.heard_as)])
    assert counts.mean() == pytest.approx(0.41, abs=0.02)
    assert found.intended_uar is not None
    assert 0.4 < found.intended_uar.value < 0.6
    assert 0.5 < found.agreement < 0.75
