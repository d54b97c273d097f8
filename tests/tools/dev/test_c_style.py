"""All C has one style, where there is something that can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.paths import ROOT
from tools.dev import c_style
from tools.dev.c_style import c_files, find_formatter, unformatted


def formatter() -> Path:
    try:
        return find_formatter()
    except EnvironmentLacking as lacking:
        pytest.skip(f"{lacking.what}: {lacking.remedy}")


def test_the_files_are_those_that_people_write() -> None:
    names = {file.relative_to(ROOT).as_posix() for file in c_files()}
    assert {"firmware_bridge/core/device.c", "firmware_bridge/ports/twin/main.c"} <= names
    assert not any("/made/" in name or "/app/" in name for name in names)
    assert len(names) > 70


def test_all_c_is_formatted() -> None:
    """Red: python -m tools.dev.c_style --write."""
    assert unformatted(formatter(), c_files()) == []


def test_what_is_not_is_found(tmp_path: Path) -> None:
    (tmp_path / ".clang-format").write_bytes((ROOT / ".clang-format").read_bytes())
    (tmp_path / "good.c").write_text("int a(void) { return 1; }\n")
    (tmp_path / "bad.c").write_text("int   a(void)\n{ return 1; }\n")
    assert unformatted(formatter(), sorted(tmp_path.glob("*.c"))) == [tmp_path / "bad.c"]


@pytest.mark.parametrize(
    ("version", "words"), [(None, "is not installed"), ("12", "clang-format 12 is not 23")]
)
def test_without_it_that_is_said(
    version: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "clang-format"
    program.write_text(f"#!/bin/sh\necho clang-format version {version}.0.1\n")
    program.chmod(0o755)
    monkeypatch.setattr(c_style.shutil, "which", lambda name: str(program) if version else None)
    monkeypatch.setattr(c_style.sys, "executable", str(tmp_path / "nowhere" / "python"))
    with pytest.raises(EnvironmentLacking, match=words) as caught:
        find_formatter()
    assert "pip install" in caught.value.remedy
    assert c_style.command.main([], standalone_mode=False) == 0
