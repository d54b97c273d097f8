"""The checkout installs in editable form; a wheel that would be empty is refused, and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge.base.paths import ROOT
from firmware_bridge.base.version import full_version, git_revision


@pytest.mark.parametrize("what", ["wheel", "sdist"])
def test_no_wheel_is_built_and_the_reason_is_given(what: str, tmp_path: Path) -> None:
    code = f"import checkout_only; checkout_only.build_{what}({str(tmp_path)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tools" / "dev" / "packaging")},
        check=False,
    )
    assert done.returncode == 1
    assert "make setup" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_works_from_outside_the_checkout(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "undertone"), "--version"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout == f"undertone {full_version()}\n"


def test_the_version_names_the_checkout() -> None:
    assert git_revision() == "unknown" or git_revision()[:12] in full_version()
