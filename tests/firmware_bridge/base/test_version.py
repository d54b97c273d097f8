"""The revision of the checkout, and whether something was changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_bridge.base import version


def test_the_revision_says_whether_something_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert version.git_revision() == "unknown"
    git("init")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "-m", "one", "--no-verify")
    clean = version.git_revision()
    assert len(clean) == 40
    (tmp_path / "file").write_text("b")
    assert version.git_revision() == f"{clean}+changes"


def test_without_git_the_revision_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(version.subprocess, "run", absent)
    assert version.git_revision() == "unknown"
