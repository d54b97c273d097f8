"""Paired accuracy: figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hil.compare.paired import Flip, paired
from hil.compare.sides import Clip, Output, heard_as

LABELS = ("a", "b")


def output(heard: str, speakers: str = "xxyy", truth: str = "abab") -> Output:
    """Return what was heard in clips `0`, `1`, …; a dot leaves a clip out."""
    names = [str(place) for place, one in enumerate(heard) if one != "."]
    return Output(
        LABELS,
        {name: Clip(speakers[int(name)], truth[int(name)]) for name in names},
        {name: heard[int(name)] for name in names},
    )


def test_the_difference_is_second_minus_first() -> None:
    found = paired("fused", output("abab"), output("aaab"))
    assert found is not None
    assert found.uar == (1.0, 0.75)
    assert found.uar_difference.value == pytest.approx(-0.25)
    # Speaker x lost one of two, y none: drawn twice they give -0.5 and 0.
    assert (found.uar_difference.low, found.uar_difference.high) == (-0.5, 0.0)
    assert found.macro_f1[1] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert found.confusion.tolist() == [[0, 0], [1, -1]]
    assert found.per_speaker == {"x": (1.0, 0.5), "y": (1.0, 1.0)}
    assert found.flips == (Flip("1", "x", "b", "b", "a"),)


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("abab", "abab", "same"),
        ("abab", "aaab", "not proven"),
        ("abab", "aaaa", "worse"),
        ("aaaa", "abab", "better"),
        ("abaa", "aaab", "not proven"),
    ],
)
def test_the_verdict_needs_an_interval_without_zero(first: str, second: str, verdict: str) -> None:
    found = paired("fused", output(first), output(second))
    assert found is not None
    assert found.verdict == verdict


def test_kinds_of_flips() -> None:
    assert Flip("c", "x", "a", "b", "a").kind == "mended"
    assert Flip("c", "x", "a", "a", "b").kind == "spoilt"
    assert Flip("c", "x", "a", "b", "c").kind == "moved"
    assert Flip("c", "x", "a", "a", "b").as_dict() == {
        "clip": "c",
        "speaker": "x",
        "truth": "a",
        "first": "a",
        "second": "b",
        "kind": "spoilt",
    }


def test_clips_of_one_side_only_are_left_out() -> None:
    found = paired("fused", output("ab.b"), output(".bab"))
    assert found is not None
    assert found.clips == 2
    assert found.flips == ()
    assert found.per_speaker == {"x": (1.0, 1.0), "y": (1.0, 1.0)}
    assert paired("fused", output("ab.."), output("..ab")) is None


@pytest.mark.parametrize("other", [output("abab", speakers="xxyx"), output("abab", truth="abaa")])
def test_a_clip_must_be_the_same_on_both_sides(other: Output) -> None:
    with pytest.raises(ValueError, match="another speaker or another truth"):
        paired("fused", output("abab"), other)


def test_the_order_of_classes_does_not_matter() -> None:
    turned = output("aaab")
    turned = Output(("b", "a"), turned.clips, turned.heard)
    ours, theirs = (paired("fused", output("abab"), one) for one in (output("aaab"), turned))
    assert ours is not None and theirs is not None
    assert ours.as_dict() == theirs.as_dict()


def test_the_best_class_by_name() -> None:
    scores = np.array([[1, 3], [9, -3]], np.int8)
    assert heard_as(scores, LABELS, ["one", "two"]) == {"one": "b", "two": "a"}
