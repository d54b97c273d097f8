"""The C header says what the table says, in the compiler's own words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.protocol import LIMITS, TABLE
from firmware_bridge.protocol.c_header import render_c_header


def test_the_header_names_everything() -> None:
    header = render_c_header()
    for name in TABLE.layouts:
        assert f"UT_KIND_{name.upper()} = {TABLE.layouts[name].id}," in header
    for name, code in TABLE.errors.items():
        assert f"UT_ERROR_{name.upper()} = {code}," in header
    assert render_c_header() == header, "a pure function"


def test_it_compiles_and_agrees(tmp_path: Path) -> None:
    compiler = next((c for c in ("cc", "gcc", "clang") if shutil.which(c)), None)
    if compiler is None:
        pytest.skip("no C compiler")
    (tmp_path / "protocol.h").write_text(render_c_header())
    checks = [
        f"UT_PROTOCOL_VERSION == {TABLE.version}u",
        f"sizeof(((struct ut_msg_audio *)0)->pcm) == {2 * LIMITS['chunk_samples']}",
        f"UT_KIND_RESULT == {TABLE.layouts['result'].id}",
        "UT_RESULT_MOST_BYTES <= UT_PAYLOAD_BYTES",
        "sizeof(((struct ut_msg_result *)0)->features_cycles) == 4",
    ]
    lines = ['#include "protocol.h"', *(f'_Static_assert({check}, "{check}");' for check in checks)]
    (tmp_path / "check.c").write_text(
        "\n".join([*lines, "int main(void) { return UT_ERROR_BAD_VERSION - 1; }", ""])
    )
    warnings = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c11"]
    subprocess.run([compiler, *warnings, "check.c", "-o", "check"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "check"], check=False).returncode == 0
