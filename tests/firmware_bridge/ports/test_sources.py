"""What is generated for a bundle fits it, and is refused where it cannot."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.toolchain import find_compiler
from firmware_bridge.contract.bundle import Manifest
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.protocol import LIMITS

SPEC = FrontendSpec(window_ms=25, step_ms=10, channels=16)


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {"frontend": SPEC, "window_ms": 5000, "hop_ms": 1000} | changes
    return Manifest.model_construct(**fields)


def test_the_configuration_is_the_bundles(tmp_path: Path) -> None:
    text = (write_sources(manifest(), tmp_path) / "ut_config.h").read_text()
    numbers = {name: int(value) for name, value in re.findall(r"#define (UT_\w+) (\d+)u", text)}
    assert numbers == {
        "UT_CHANNELS": 16,
        "UT_WINDOW_FRAMES": 498,
        "UT_HOP_FRAMES": 100,
        "UT_WINDOW_SAMPLES": 80000,
        "UT_HOP_SAMPLES": 16000,
        "UT_STORE_FRAMES": 5998,
        "UT_CAPTURE_SAMPLES": 32000,
    }
    assert f'"{SPEC.table_hash}"' in text
    assert SPEC.frames(LIMITS["segment_samples"]) == 5998


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hop_ms": 1005}, "1005 ms is not a whole number"),
        ({"frontend": FrontendSpec(window_ms=200, step_ms=20), "window_ms": 100}, "holds no frame"),
    ],
)
def test_windows_that_do_not_fit_the_front_end_are_refused(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSetting, match=words) as caught:
        write_sources(manifest(**changes), tmp_path)
    assert caught.value.remedy


def test_a_file_that_does_not_change_keeps_its_time(tmp_path: Path) -> None:
    write_sources(manifest(), tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_sources(manifest(hop_ms=500), tmp_path)
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"ut_config.h"}


def test_every_source_exists(tmp_path: Path) -> None:
    write_sources(manifest(), tmp_path)
    sources = core_sources(tmp_path)
    assert all(path.is_file() for path in sources)
    assert len({path.name for path in sources}) == len(sources), "objects may lie in one folder"
    assert {"device.c", "server.c", "microfrontend.c", "ut_tables.c"} <= {path.name for path in sources}
    assert set(core_sources()) < set(sources)


def test_files_compiled_without_the_sizes_are_an_error(tmp_path: Path) -> None:
    """Structs of two sizes in one program would overwrite each other."""
    write_sources(manifest(), tmp_path)
    includes = [f"-I{folder}" for folder in include_folders(tmp_path)]
    line = [*find_compiler().command, "-std=c99", "-fsyntax-only", *includes, str(tmp_path / "check.c")]
    (tmp_path / "check.c").write_text('#include "ut_config.h"\n')
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert " ".join(size_flags(SPEC)) in done.stderr
    assert subprocess.run([*line, *size_flags(SPEC)], check=False).returncode == 0
