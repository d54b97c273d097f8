"""How many threads: the user's word, else affinity within the container's quota."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware_bridge.base.cores import VARIABLE, usable_cores
from firmware_bridge.base.errors import InvalidSetting


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))


@pytest.mark.parametrize(
    ("content", "cores"),
    [
        (None, 8),
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("50000 100000", 1),
        ("9900000 100000", 8),
        ("nonsense", 8),
    ],
)
def test_affinity_within_the_quota(content: str | None, cores: int, tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    if content is not None:
        quota.write_text(content)
    assert usable_cores(quota) == cores


def test_the_users_word_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    assert usable_cores(tmp_path / "none") == 3


@pytest.mark.parametrize("word", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, word)
    with pytest.raises(InvalidSetting, match=word):
        usable_cores()
