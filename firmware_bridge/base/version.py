"""The version, said once: the release that `pyproject.toml` names, and the revision of the checkout."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version

from firmware_bridge.base.paths import ROOT


def git_revision() -> str:
    """Return the revision of the checkout, with `+changes` where the work tree differs, or `unknown`."""
    try:
        head = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        dirty = subprocess.run(
            ["git", "-C", str(ROOT), "status", "--porcelain"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if dirty.stdout.strip() else "")


def files_between(first: str, second: str) -> tuple[str, ...] | None:
    """Return the files that differ between two revisions of this checkout; None where it does not know both.

    Args:
        first: As `git_revision` gives it; what `+changes` stands for is not known to anybody any more.
        second: The same.
    """
    ends = [one.removesuffix("+changes") for one in (first, second)]
    if not all(re.fullmatch(r"[0-9a-f]{7,64}", one) for one in ends):
        return None
    try:
        found = subprocess.run(
            ["git", "-C", str(ROOT), "diff", "--name-only", *ends, "--"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(found.stdout.splitlines())


def full_version() -> str:
    """Return such as `0.1.0 (3f2a9c01b7de+changes)`."""
    revision = git_revision()
    short = revision[:12] + ("+changes" if revision.endswith("+changes") else "")
    return f"{version('undertone')} ({short})"
