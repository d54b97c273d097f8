"""One module calls C compilers: what it finds, what it says when one fails, and that nobody goes around it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from firmware_bridge.base import toolchain
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.paths import ROOT
from firmware_bridge.base.toolchain import (
    Compiler,
    compile_for_this_machine,
    compile_library,
    compiler_of,
    content_digest,
    find_compiler,
    level_flags,
    m7_compilers,
    run_compiler,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    file = tmp_path / "x.c"
    file.write_text('#include "x.h"\nint x(void);\nint x(void) { return X; }\n')
    (tmp_path / "x.h").write_text("#define X 1\n")
    return file


def test_nobody_else_calls_a_compiler() -> None:
    """There were six ways, and two functions of one name."""
    own = ROOT / "firmware_bridge" / "base" / "toolchain.py"
    files = [
        f for room in ("firmware_bridge", "hil", "tools") for f in (ROOT / room).rglob("*.py") if f != own
    ]
    wrong = re.compile(
        r"def (compile_library|find_compiler|run_compiler)\b|ZIG_GLOBAL|\"-ffp-contract|which\(\"gcc"
    )
    assert [str(f) for f in files if wrong.search(f.read_text())] == [
        str(ROOT / "tools" / "lab" / "m7.py")
    ], "m7.py has flags of its own, for a target of its own"


def test_a_compiler_says_its_version() -> None:
    assert Compiler("gcc", ("gcc",), version="gcc (Debian 12.2.0-14) 12.2.0").label == "gcc 12.2.0"
    assert (
        Compiler("arm", ("a",), version="arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205").label
        == "arm 12.2.1"
    )
    assert Compiler("cc", ("cc",)).label == "cc"
    for one in m7_compilers():
        assert re.search(r" \d+\.\d+", one.label), one
    assert compiler_of(["/no/such/program"]).version == ""


def test_levels_are_said_in_the_compilers_own_words() -> None:
    assert level_flags(Compiler("gcc", ("gcc",)), "v3") == ("-march=x86-64-v3",)
    assert level_flags(Compiler("zig", ("python", "-m", "ziglang", "cc")), "v3") == ("-mcpu=x86_64_v3",)
    assert level_flags(Compiler("gcc", ("gcc",)), "") == ()


def test_a_library_is_named_by_all_that_goes_in(source: Path, tmp_path: Path) -> None:
    use = compiler_of(["gcc"])
    first = compile_library("x", [source], [tmp_path], folder=tmp_path, compiler=use)
    assert compile_library("x", [source], [tmp_path], folder=tmp_path, compiler=use) == first
    assert compile_library("x", [source], [tmp_path], ["-DY"], tmp_path, use) != first
    (tmp_path / "x.h").write_text("#define X 2\n")
    assert compile_library("x", [source], [tmp_path], folder=tmp_path, compiler=use) != first
    other = Compiler("gcc", ("gcc",), version="another")
    assert content_digest(use, [], [source]) != content_digest(other, [], [source])


def test_the_first_error_is_quoted(source: Path, tmp_path: Path) -> None:
    source.write_text("int x(void) { return nonsense; }\n")
    with pytest.raises(EnvironmentLacking, match=r"the C compiler failed: .*nonsense") as caught:
        compile_library("x", [source], folder=tmp_path, compiler=compiler_of(["gcc"]))
    assert "\n" not in caught.value.what
    assert not list(tmp_path.glob("*.so"))


def test_a_result_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="it failed: no message"):
        run_compiler(["true"], "it failed", "try again", tmp_path / "nothing")


def test_a_compiler_too_old_for_this_machine_builds_for_any(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "cpu_level", lambda: "v9")
    assert compile_for_this_machine("x", [source], [tmp_path], folder=tmp_path).is_file()
    monkeypatch.setattr(toolchain, "cpu_level", lambda: "")
    source.write_text("nonsense\n")
    with pytest.raises(EnvironmentLacking):
        compile_for_this_machine("x", [source], [tmp_path], folder=tmp_path)


def test_none_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    assert m7_compilers() == ()
    with pytest.raises(EnvironmentLacking, match="no C compiler found") as caught:
        find_compiler()
    assert "ziglang" in caught.value.remedy
