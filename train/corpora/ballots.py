"""Raters' votes as shares of a whole."""

from __future__ import annotations

from collections.abc import Sequence

Votes = tuple[tuple[str, float], ...]


def shares_of(ballots: Sequence[Sequence[str]], order: Sequence[str]) -> Votes | None:
    """Return the share of each class when every rater has one vote, divided among the classes he names.

    Args:
        ballots: The classes that each rater names; an empty one does not count.
        order: All classes; each stands in the result, in this order.

    Returns:
        Class and share, summing to 1, or None where nobody voted.
    """
    cast = [ballot for ballot in ballots if ballot]
    if not cast:
        return None
    sums = dict.fromkeys(order, 0.0)
    for ballot in cast:
        for label in ballot:
            sums[label] += 1.0 / len(ballot)
    return tuple((label, total / len(cast)) for label, total in sums.items())


def mentions_of(ballots: Sequence[Sequence[str]], order: Sequence[str]) -> Votes | None:
    """Return the share of each class among all mentions: who names more classes counts more.

    Args and result as in `shares_of`.
    """
    named = [label for ballot in ballots for label in ballot]
    if not named:
        return None
    return tuple((label, named.count(label) / len(named)) for label in order)
