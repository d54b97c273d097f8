"""The core built alone, by CMake, without Python; the page on the C API with its program, built and run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.paths import DOCS
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.microfrontend import PRESETS, MicroFrontend
from firmware_bridge.ports.sources import CORE, KEPT, KEPT_PRESET, write_kept
from tools.cli import run

PAGE = DOCS / "c_api.md"
PROJECT = """cmake_minimum_required(VERSION 3.18)
project(example C)
add_subdirectory("{core}" undertone)
add_executable(example example.c)
target_link_libraries(example undertone_core)
target_compile_options(example PRIVATE -std=c99 -Wall -Wextra -Wconversion -Wshadow -Werror)
"""


@pytest.fixture(scope="module")
def cmake() -> list[str]:
    beside = Path(sys.executable).parent / "cmake"  # where the package `cmake` puts it
    program = shutil.which("cmake") or (str(beside) if beside.exists() else None)
    if program is None:
        pytest.skip("cmake is not installed (the package index has one: pip install cmake)")
    if shutil.which("ninja") is None and shutil.which("make") is None:
        pytest.skip("neither ninja nor make is installed")
    return [program]


def snippet() -> str:
    (text,) = re.findall(r"```c\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(text)


def build(cmake: list[str], source: Path, out: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    done = subprocess.run(
        [*cmake, "-S", str(source), "-B", str(out), *generator, *settings],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        done = subprocess.run([*cmake, "--build", str(out)], capture_output=True, text=True, check=False)
    return done


def example(cmake: list[str], folder: Path, text: str, *settings: str) -> list[str]:
    """Return the lines that a program prints which is built with the core as a part of its project."""
    (folder / "CMakeLists.txt").write_text(PROJECT.format(core=CORE))
    (folder / "example.c").write_text(text)
    done = build(cmake, folder, folder / "out", *settings)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = subprocess.run([str(folder / "out" / "example")], capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def test_what_is_kept_is_what_would_be_made(tmp_path: Path) -> None:
    """Red after a change of a table: python -m firmware_bridge.ports.sources."""
    write_kept(tmp_path)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert {file.name: file.read_text() for file in KEPT.iterdir()} == made


def test_the_core_builds_alone(cmake: list[str], tmp_path: Path) -> None:
    done = build(cmake, CORE, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "libundertone_core.a").stat().st_size > 20_000


def test_the_pages_program_does_what_the_page_says(cmake: list[str], tmp_path: Path) -> None:
    lines = example(cmake, tmp_path, snippet())
    said = re.findall(r"`([^`]+)`", re.findall(r"It prints (.*)\(a test", PAGE.read_text())[0])
    assert lines == said
    spec = PRESETS[KEPT_PRESET]
    assert lines[0] == f"{len(MicroFrontend(spec).process(np.zeros(16000, np.int16)))} frames"


def test_features_of_the_static_library_are_pythons(cmake: list[str], tmp_path: Path) -> None:
    spec = PRESETS[KEPT_PRESET]
    pcm = [(997 * i * i) % 20011 - 10000 for i in range(4000)]
    text = (
        '#include <stdio.h>\n#include "ut_config.h"\nstatic ut_state s;\nstatic uint16_t out[200 * UT_CHANNELS];\n'
        f"static const int16_t pcm[] = {{{', '.join(map(str, pcm))}}};\n"
        "int main(void) {\n    ut_reset(&s);\n"
        "    const size_t n = ut_push(&ut_frontend, &s, pcm, sizeof pcm / sizeof pcm[0], out) * UT_CHANNELS;\n"
        '    for (size_t i = 0; i < n; ++i) {\n        printf("%u\\n", (unsigned)out[i]);\n    }\n    return 0;\n}\n'
    )
    wanted = MicroFrontend(spec).process(np.array(pcm, np.int16))
    assert [int(line) for line in example(cmake, tmp_path, text)] == wanted.ravel().tolist()


def test_another_front_end_is_named_by_its_folder(cmake: list[str], bundle: Bundle, tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert run(["sources", "--bundle", str(bundle.directory), "--out", str(made)]) == 0
    lines = example(cmake, tmp_path, snippet(), f"-DUNDERTONE_MADE={made}")
    assert f"windows of {16 * bundle.manifest.window_ms} samples" in lines[-1]


def test_a_folder_of_nothing_is_refused(cmake: list[str], tmp_path: Path) -> None:
    done = build(cmake, CORE, tmp_path / "out", f"-DUNDERTONE_MADE={tmp_path}")
    assert done.returncode != 0
    assert "UNDERTONE_MADE holds nothing that was made for the core" in done.stderr


def test_a_bundle_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "--bundle", str(tmp_path), "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "no bundle at" in told
    assert "remedy" in told
