"""A small soak; `python -m hil.endurance.soak 100000` is the large one."""

from __future__ import annotations

from hil.endurance.soak import soak


def test_no_schedule_of_faults_gives_wrong_or_late_answers() -> None:
    seen = soak(400)
    assert (seen.wrong, seen.late) == ([], [])
    assert seen.right + seen.typed == 400
    assert seen.right > 330, "most are mended, not merely reported"
    assert seen.typed > 0, "and some schedules are beyond mending"


def test_a_schedule_can_be_repeated() -> None:
    assert soak(20, first_seed=7) == soak(20, first_seed=7)
