"""Faults by the thousand: nothing wrong, nothing late, and a soak that would see either."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hil.client.client import DeviceClient, SegmentResult
from hil.endurance.soak import Soak, soak


def test_no_schedule_of_faults_gives_wrong_or_late_answers() -> None:
    seen = soak(400)
    assert seen.wrong == []
    assert seen.late == []
    assert seen.right + seen.typed == 400
    assert seen.right > 200


def test_a_schedule_can_be_repeated() -> None:
    one, again = soak(1, 17), soak(1, 17)
    assert one == again
    assert soak(20, 100) == soak(20, 100)


def test_schedules_are_hard_enough_that_some_calls_fail() -> None:
    """A soak whose lines are all good would prove nothing."""
    assert soak(400).typed > 5


def test_an_answer_that_is_wrong_is_found_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = DeviceClient.score_segment

    def wrong(self: DeviceClient, pcm: np.ndarray) -> SegmentResult:
        result = real(self, pcm)
        spoilt = result.fused.copy()
        spoilt[0] ^= 1
        return dataclasses.replace(result, fused=spoilt)

    monkeypatch.setattr(DeviceClient, "score_segment", wrong)
    seen = soak(20)
    assert seen.right == 0
    assert len(seen.wrong) + seen.typed == 20
    assert set(seen.wrong) <= set(range(20))


def test_a_call_that_ends_late_is_found_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeviceClient, "limit_s", lambda self, samples: 0.0)
    seen = soak(5, first_seed=40)
    assert seen.late == [40, 41, 42, 43, 44]


def test_what_is_good() -> None:
    assert Soak(1, 2, [], []).good
    assert not Soak(1, 2, [3], []).good
    assert not Soak(1, 2, [], [3]).good
    assert Soak(1, 2, [3], []).as_dict() == {"right": 1, "typed": 2, "wrong": [3], "late": []}
