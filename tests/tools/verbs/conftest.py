"""Calls of verbs: what they answer, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.cli import run


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Call a verb with `--json`; return its status and the one object on standard output."""

    def call(*line: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = run([*line, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Call a verb for people; return its status, standard output and standard error."""

    def call(*line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(list(line))
        told = capsys.readouterr()
        return status, told.out, told.err

    return call
