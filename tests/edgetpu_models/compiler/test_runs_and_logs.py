"""One run of a program that only pretends to be the compiler, and texts that no version quite agrees on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from edgetpu_models.compiler.locate import REMEDY, VARIABLE, Command, find
from edgetpu_models.compiler.log import CompilerLog, OpStatus, parse_log
from edgetpu_models.compiler.run import Attempt, run
from firmware_bridge.base.errors import EnvironmentLacking


def _shell(script: str) -> Command:
    return Command(("/bin/sh", "-c", script, "stand-in"))


def _program(folder: Path, name: str) -> Path:
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_exit_status_and_output_decide_together(tmp_path: Path) -> None:
    good = run(_shell("echo fine"), tmp_path, [], 20)
    assert (good.outcome, good.returncode, good.output) == ("ok", 0, "fine\n")
    lying = run(_shell("echo 'Internal compiler error. Aborting!'"), tmp_path, [], 20)
    assert (lying.outcome, lying.returncode) == ("failed", 0)
    assert lying.cause == "Internal compiler error. Aborting!"
    silent = run(_shell("exit 3"), tmp_path, [], 20)
    assert (silent.outcome, silent.cause) == ("failed", "exit status 3, last line: none")


def test_errors_are_read_where_they_are_printed_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    found = run(_shell("printf 'first\\n\\377 last line' >&2; exit 1"), tmp_path, [], 20)
    assert found.cause == "exit status 1, last line: \N{REPLACEMENT CHARACTER} last line"
    long = run(_shell("printf '%0200d' 7; exit 1"), tmp_path, [], 20)
    assert long.cause == "exit status 1, last line: " + "0" * 120


def test_arguments_arrive_as_they_are_and_nothing_is_expanded(tmp_path: Path) -> None:
    found = run(_shell('for a in "$@"; do echo "<$a>"; done; pwd'), tmp_path, ["a b", "$HOME", "*"], 20)
    assert found.output.splitlines() == ["<a b>", "<$HOME>", "<*>", str(tmp_path)]


def test_a_run_knows_its_folder_as_home_and_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERTONE_TEST_ONLY", "not for others")
    names = {line.partition("=")[0] for line in run(_shell("env"), tmp_path, [], 20).output.splitlines()}
    assert "UNDERTONE_TEST_ONLY" not in names
    assert {"PATH", "HOME", "LC_ALL", "TZ"} <= names


def test_a_program_that_waits_for_a_key_is_told_that_none_will_come(tmp_path: Path) -> None:
    assert run(_shell("read answer || echo none"), tmp_path, [], 20).output == "none\n"


def test_time_that_is_up_and_a_signal_are_told_apart(tmp_path: Path) -> None:
    late = run(_shell("sleep 30 & echo $!; wait"), tmp_path, [], 0.4)
    assert late.outcome == "timeout"
    assert late.seconds < 30, "it was not waited for"
    assert late.cause == f"no end after {late.seconds:.0f} s"
    killed = run(_shell("kill -SEGV $$"), tmp_path, [], 20)
    assert (killed.outcome, killed.returncode) == ("killed", -signal.SIGSEGV)
    assert killed.cause == "killed by signal 11 (SIGSEGV)"


def test_a_signal_without_a_name_is_still_a_cause() -> None:
    attempt = Attempt("killed", -200, 1.0, "", CompilerLog())
    assert attempt.cause == "killed by signal 200 (unknown)"
    assert attempt.as_dict()["log"]["milliseconds"] == -1


def test_units_are_powers_of_two_and_rounded_to_bytes() -> None:
    text = "\n".join(
        (
            "Input model: a.tflite",
            "Input size: 512B",
            "Output size: 1.5KiB",
            "On-chip memory used for caching model parameters: 2.25MiB",
            "Off-chip memory used for streaming uncached model parameters: 0.01KiB",
        )
    )
    (model,) = parse_log(text).models
    assert model.sizes == {
        "input_bytes": 512,
        "output_bytes": 1536,
        "on_chip_used": 2_359_296,
        "off_chip_used": 10,
    }
    (unknown,) = parse_log("Input size: 3 parsecs").models
    assert unknown.sizes == {}, "a unit that is not known is no figure"


def test_figures_stand_with_the_model_that_they_follow() -> None:
    one = "Input model: a.tflite\nNumber of Edge TPU subgraphs: 1\nCONV_2D  3  Mapped to Edge TPU\n"
    two = "Input: b.tflite\nTotal number of operations: 9\nSOFTMAX 1 Operation not supported\nSIZE 4 things\n"
    first, second = parse_log(one + two).models
    assert (first.model, first.counts) == ("a.tflite", {"subgraphs": 1})
    assert (second.model, second.counts) == ("b.tflite", {"operations": 9})
    assert first.table == [OpStatus("CONV_2D", 3, "Mapped to Edge TPU")]
    assert second.table == [OpStatus("SOFTMAX", 1, "Operation not supported")]


def test_a_table_alone_is_one_model_without_a_name_and_nothing_is_none() -> None:
    (model,) = parse_log("ADD   2   Mapped to Edge TPU\n").models
    assert (model.model, model.table) == ("", [OpStatus("ADD", 2, "Mapped to Edge TPU")])
    assert parse_log("").models == []


def test_lines_that_mean_nothing_are_counted_and_empty_ones_are_not() -> None:
    text = "Edge TPU Compiler version 16.0.384591198\n\nhello\n  \nNumber of things: 1\nW0000 warning\n"
    log = parse_log(text)
    assert (log.version, log.unread) == ("16.0.384591198", 2)
    assert not log.succeeded


def test_success_has_two_wordings_and_only_one_tells_the_time() -> None:
    new = parse_log("Model compiled successfully in 345 ms!")
    old = parse_log("Compilation succeeded!")
    assert (new.succeeded, new.milliseconds) == (True, 345)
    assert (old.succeeded, old.milliseconds) == (True, -1)


def test_a_named_program_may_bring_its_own_arguments(tmp_path: Path) -> None:
    program = _program(tmp_path, "wrapper")
    found = find({VARIABLE: "wrapper --quiet 'two words'", "PATH": str(tmp_path)})
    assert found.words == (str(program), "--quiet", "two words")
    assert found.line(tmp_path, ["x.tflite"]) == [str(program), "--quiet", "two words", "x.tflite"]


def test_podman_does_where_docker_is_missing_and_docker_comes_first(tmp_path: Path) -> None:
    settings = {VARIABLE: "container:coral:16", "PATH": str(tmp_path)}
    with pytest.raises(EnvironmentLacking, match="no docker or podman") as caught:
        find(settings)
    assert caught.value.remedy == REMEDY
    _program(tmp_path, "podman")
    assert find(settings).words == (str(tmp_path / "podman"),)
    _program(tmp_path, "docker")
    found = find(settings)
    assert (found.words, str(found)) == ((str(tmp_path / "docker"),), "container coral:16")


@pytest.mark.parametrize("named", ["gone", "./gone --flag", os.devnull])
def test_a_named_program_that_cannot_be_run_is_named_and_nothing_else_is_taken(
    tmp_path: Path, named: str
) -> None:
    _program(tmp_path, "edgetpu_compiler")
    with pytest.raises(EnvironmentLacking, match=f"{VARIABLE} names {named.split()[0]}, which cannot be run"):
        find({VARIABLE: named, "PATH": str(tmp_path)})
    assert find({VARIABLE: "   ", "PATH": str(tmp_path)}).words == (str(tmp_path / "edgetpu_compiler"),)
