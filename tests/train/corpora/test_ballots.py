"""Raters' votes: shares by hand, and what holds for any ballots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.corpora.ballots import mentions_of, shares_of

ORDER = ("angry", "happy", "neutral", "sad")
ballot = st.lists(st.sampled_from(ORDER), max_size=4, unique=True)
ballots = st.lists(ballot, max_size=8)


def test_every_rater_has_one_vote() -> None:
    # Two are for sad, one is torn between sad and angry.
    assert dict(shares_of([["sad"], ["sad"], ["sad", "angry"]], ORDER) or ()) == pytest.approx(
        {"angry": 1 / 6, "happy": 0, "neutral": 0, "sad": 5 / 6}
    )


def test_who_names_more_counts_more_among_mentions() -> None:
    assert dict(mentions_of([["sad"], ["sad"], ["sad", "angry"]], ORDER) or ()) == pytest.approx(
        {"angry": 1 / 4, "happy": 0, "neutral": 0, "sad": 3 / 4}
    )


def test_a_rater_who_names_nothing_does_not_count() -> None:
    assert shares_of([["sad"], []], ORDER) == shares_of([["sad"]], ORDER)
    assert mentions_of([["sad"], []], ORDER) == mentions_of([["sad"]], ORDER)


@pytest.mark.parametrize("nobody", [[], [[]], [[], []]])
def test_nobody_is_none_and_not_zeros(nobody: list[list[str]]) -> None:
    assert shares_of(nobody, ORDER) is None
    assert mentions_of(nobody, ORDER) is None


def test_a_class_that_is_not_in_the_order_is_a_mistake_of_the_reader() -> None:
    with pytest.raises(KeyError):
        shares_of([["bored"]], ORDER)


@given(ballots)
def test_shares_sum_to_one_in_the_order_of_the_classes(given: list[list[str]]) -> None:
    for found in (shares_of(given, ORDER), mentions_of(given, ORDER)):
        if any(given):
            assert found is not None
            assert tuple(label for label, _ in found) == ORDER
            assert sum(share for _, share in found) == pytest.approx(1)
            assert all(0 <= share <= 1 for _, share in found)
        else:
            assert found is None


@given(ballots, st.randoms())
def test_who_comes_first_does_not_matter(given: list[list[str]], dice: object) -> None:
    mixed = list(given)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    for count in (shares_of, mentions_of):
        one, other = count(given, ORDER), count(mixed, ORDER)
        assert (one is None) == (other is None)
        assert dict(one or ()) == pytest.approx(dict(other or ()))


@given(st.lists(st.sampled_from(ORDER), min_size=1, max_size=8))
def test_with_one_class_a_rater_both_are_the_same(labels: list[str]) -> None:
    single = [[label] for label in labels]
    assert dict(shares_of(single, ORDER) or ()) == pytest.approx(dict(mentions_of(single, ORDER) or ()))
