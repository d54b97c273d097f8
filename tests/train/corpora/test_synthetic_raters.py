"""Synthetic listeners: votes split where a clip is ambiguous, and are the same every time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from train.corpora import synthetic_raters
from train.corpora.synthetic import EMOTIONS
from train.corpora.synthetic_raters import LISTENERS, SETTINGS, listen, plan_rated


def point(name: str) -> np.ndarray:
    return np.array([getattr(EMOTIONS[name], key) for key in SETTINGS], float)


def test_a_clear_emotion_is_named_by_most() -> None:
    rng = np.random.default_rng(0)
    named = Counter(ballot[0] for _ in range(100) for ballot in listen(point("angry"), rng))
    assert named.most_common(1)[0][0] == "angry"
    assert named["angry"] > 0.6 * 100 * LISTENERS


def test_half_way_between_two_emotions_votes_split() -> None:
    rng = np.random.default_rng(0)
    between = (point("angry") + point("sad")) / 2
    clear, split = (
        [Counter(listen(place, rng)).most_common(1)[0][1] for _ in range(60)]
        for place in (point("sad"), between)
    )
    assert np.mean(split) < np.mean(clear) - 1


def test_the_plan_is_the_same_every_time_and_whole() -> None:
    plan = plan_rated()
    assert plan == plan_rated()
    facts = [fact for _, fact in plan]
    assert len({fact["file"] for fact in facts}) == len(plan) == 480
    assert {fact["label"] for fact in facts} == set(EMOTIONS)
    for fact in facts:
        shares = dict(fact["votes"])
        assert sum(shares.values()) == pytest.approx(1.0)
        assert shares[fact["label"]] == max(shares.values())
        assert all(abs(fact[name]) <= 1 for name in ("valence", "arousal", "dominance"))


def test_raters_disagree_as_people_do() -> None:
    best = [max(share for _, share in fact["votes"]) for _, fact in plan_rated()]
    # CREMA-D's listeners agree on 64 % of their votes in the mean.
    assert 0.55 < np.mean(best) < 0.85
    assert np.mean(np.array(best) == 1.0) < 0.5


def test_every_speaker_has_every_emotion_or_nearly() -> None:
    labels: dict[str, set[str]] = {}
    for _, fact in plan_rated():
        labels.setdefault(fact["speaker"], set()).add(fact["label"])
    assert min(len(own) for own in labels.values()) >= 7
    assert synthetic_raters.CLIPS_A_VOICE % len(EMOTIONS) == 0
