"""The compile driver against a program that replays recorded behaviour."""

from __future__ import annotations

import json
import shutil
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edgetpu_models.compile import Compilation, compile_models
from edgetpu_models.compiler import locate, run
from edgetpu_models.compiler.compare import comparison
from edgetpu_models.compiler.locate import Command
from edgetpu_models.compiler.log import parse_log
from edgetpu_models.inspect import inspect
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import CompilerFailed, EnvironmentLacking, InvalidSetting, ModelInvalid
from tests.support import compiler_stand_in
from tests.support.compiler_stand_in import NEW, OLD, PARTIAL
from tests.support.told import told


class StandIn:
    """The program in its own folder, and what it saw."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.program = home / "edgetpu_compiler"
        source = Path(compiler_stand_in.__file__).read_text().split("\n", 1)[1]
        self.program.write_text(f"#!{sys.executable}\n{source}")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        (home / "made").write_bytes(compiled())
        self.models = [home / "acoustic.tflite", home / "keyword.tflite"]
        for seed, path in enumerate(self.models):
            path.write_bytes(small_network(seed))
        self.behave("new")

    def behave(self, *behaviours: str) -> None:
        (self.home / "behaviour.json").write_text(json.dumps(behaviours))

    def compile(self, count: int = 2, **settings: Any) -> Compilation:
        command = Command((str(self.program),))
        return compile_models(self.models[:count], self.home / "out", command=command, **settings)

    @property
    def runs(self) -> int:
        path = self.home / "runs"
        return int(path.read_text()) if path.exists() else 0

    def saw(self, what: str) -> Any:
        return json.loads((self.home / f"{what}.json").read_text())


@pytest.fixture
def compiler(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def test_both_networks_go_into_one_call_and_share_a_token(compiler: StandIn) -> None:
    made = compiler.compile()
    assert [p.name for p in made.outputs] == ["acoustic_edgetpu.tflite", "keyword_edgetpu.tflite"]
    assert compiler.saw("arguments") == ["-s", "-t", "180", "acoustic.tflite", "keyword.tflite"]
    assert compiler.runs == 1
    assert len({i.token for i in made.inspections}) == 1
    assert made.version == "16.0.384591198"
    assert [a.outcome for a in made.attempts] == ["ok"]
    assert made.attempts[0].log.models[1].counts["operations"] == 31
    json.dumps(made.as_dict())


def test_the_environment_is_fixed(compiler: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    compiler.compile()
    seen = compiler.saw("environment")
    assert "SECRET" not in seen
    assert seen["LC_ALL"] == "C"


def test_prediction_stands_beside_reality(compiler: StandIn) -> None:
    rows = compiler.compile().comparison
    row = next(r for r in rows if r["figure"] == "on_chip_bytes")
    assert row["real"] == 4096
    assert row["predicted"] == 2496
    assert row["error_percent"] == pytest.approx(-39.06)
    assert {r["network"] for r in rows} == {"acoustic.tflite", "keyword.tflite"}


def test_a_result_is_kept_by_content(compiler: StandIn) -> None:
    first, second = compiler.compile(), compiler.compile()
    assert (first.cached, second.cached) == (False, True)
    assert compiler.runs == 1
    assert second.attempts == ()
    compiler.compile(timeout_s=60)
    assert compiler.runs == 2  # other settings
    compiler.models[0].write_bytes(small_network(9))
    compiler.compile()
    assert compiler.runs == 3  # another input
    (compiler.home / "version").write_text("Edge TPU Compiler version 15.0.1")
    compiler.compile()
    assert compiler.runs == 4  # another compiler


def test_a_kept_result_that_was_changed_is_made_again(compiler: StandIn) -> None:
    compiler.compile()
    kept = next((compiler.home / "out" / ".cache").glob("*/keyword_edgetpu.tflite"))
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    assert not compiler.compile().cached
    assert compiler.runs == 2


def test_an_internal_error_is_tried_again_and_told(compiler: StandIn) -> None:
    compiler.behave("internal error", "new")
    with told() as lines:
        made = compiler.compile()
    assert [a.outcome for a in made.attempts] == ["failed", "ok"]
    assert made.attempts[0].cause == "Internal compiler error. Aborting!"
    assert "attempt 1 of 3: Internal compiler error" in lines[0]


def test_retries_are_bounded_and_every_cause_is_named(compiler: StandIn) -> None:
    compiler.behave("internal error")
    with pytest.raises(CompilerFailed, match=r"in 3 attempts \(1: Internal.*3: Internal") as caught:
        compiler.compile()
    assert compiler.runs == 3
    assert "lint" in caught.value.remedy
    assert not list((compiler.home / "out").glob("*.tflite"))


def test_an_error_with_a_reason_is_not_tried_again(compiler: StandIn) -> None:
    compiler.behave("cannot load")
    with pytest.raises(CompilerFailed, match="in 1 attempts"):
        compiler.compile()
    assert compiler.runs == 1


def test_a_hang_ends_in_time(compiler: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgetpu_models.compile.GRACE_S", 0.3)
    compiler.behave("hang")
    start = time.monotonic()
    with pytest.raises(CompilerFailed, match="no end after"):
        compiler.compile(timeout_s=1)
    assert time.monotonic() - start < 10
    assert compiler.runs == 1


def test_a_signal_is_named_and_tried_again(compiler: StandIn) -> None:
    compiler.behave("killed", "new")
    made = compiler.compile()
    assert made.attempts[0].outcome == "killed"
    assert "SIGSEGV" in made.attempts[0].cause


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("garbage", "wrote no acoustic_edgetpu.tflite"),
        ("writes nothing", "wrote no acoustic_edgetpu.tflite"),
        ("cut off", "damaged model file"),
        ("two tokens", "do not share a caching token"),
    ],
)
def test_success_is_believed_only_with_good_files(compiler: StandIn, behaviour: str, says: str) -> None:
    (compiler.home / "made0").write_bytes(compiled(token=1))
    (compiler.home / "made1").write_bytes(compiled(token=2))
    compiler.behave(behaviour)
    with pytest.raises(CompilerFailed, match=says):
        compiler.compile(retries=0)


def test_output_is_bounded(compiler: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MAX_OUTPUT", 10_000)
    compiler.behave("garbage")
    attempt = run.run(Command((str(compiler.program),)), compiler.home, ["x.tflite"], 20)
    assert len(attempt.output) <= 4000


def test_a_partial_mapping_is_success_with_its_table(compiler: StandIn) -> None:
    compiler.behave("partial")
    log = compiler.compile(1).attempts[0].log.models[0]
    assert log.counts == {"subgraphs": 1, "operations": 36, "operations_tpu": 2, "operations_cpu": 34}
    assert [(r.op, r.count) for r in log.table if "subgraph" in r.status] == [("MAX_POOL_2D", 6)]


def test_bad_input_is_refused_before_the_compiler_runs(compiler: StandIn) -> None:
    compiler.models[0].write_bytes(b"nonsense")
    with pytest.raises(ModelInvalid):
        compiler.compile()
    compiler.models[0].write_bytes(compiled())
    with pytest.raises(ModelInvalid, match="compiled already"):
        compiler.compile()
    with pytest.raises(InvalidSetting, match="no model"):
        compiler.compile(0)
    other = compiler.home / "other" / "keyword.tflite"
    other.parent.mkdir()
    shutil.copy(compiler.models[1], other)
    with pytest.raises(InvalidSetting, match="same name"):
        compile_models([compiler.models[1], other], compiler.home, command=Command(("true",)))
    assert compiler.runs == 0


def test_the_oldest_runtime_is_passed_on(compiler: StandIn) -> None:
    compiler.compile(1, min_runtime=13)
    assert compiler.saw("arguments")[3:5] == ["-m", "13"]


def test_the_compiler_is_found_on_the_path_or_by_name(compiler: StandIn) -> None:
    path = {"PATH": str(compiler.home)}
    assert locate.find(path).words == (str(compiler.program),)
    named = {"PATH": "/nowhere", "EDGETPU_COMPILER": f"{compiler.program} --old"}
    assert locate.find(named).words == (str(compiler.program), "--old")


def test_without_a_compiler_the_message_says_how_to_get_one() -> None:
    with pytest.raises(EnvironmentLacking, match="not on this machine") as caught:
        locate.find({"PATH": "/nowhere"})
    assert "edgetpu-compiler" in caught.value.remedy
    with pytest.raises(EnvironmentLacking, match="cannot be run"):
        locate.find({"PATH": "/nowhere", "EDGETPU_COMPILER": "/no/such"})
    with pytest.raises(EnvironmentLacking, match="no docker or podman"):
        locate.find({"PATH": "/nowhere", "EDGETPU_COMPILER": "container:coral"})


def test_a_container_sees_the_folder_and_no_network(tmp_path: Path) -> None:
    engine = tmp_path / "podman"
    engine.write_text("#!/bin/sh\n")
    engine.chmod(0o755)
    command = locate.find({"PATH": str(tmp_path), "EDGETPU_COMPILER": "container:coral:16"})
    line = command.line(Path("/data"), ["-s", "x.tflite"])
    assert line[:3] == [str(engine), "run", "--rm"]
    assert "none" in line
    assert "/data:/work" in line
    assert line[-4:] == ["coral:16", "edgetpu_compiler", "-s", "x.tflite"]
    assert str(command) == "container coral:16"


def test_log_of_the_current_version() -> None:
    log = parse_log(NEW.format(name="a") + NEW.format(name="b"))
    assert log.version == "16.0.384591198"
    assert log.succeeded
    assert log.milliseconds == 231
    assert [m.model for m in log.models] == ["a.tflite", "b.tflite"]
    assert log.models[0].sizes == {
        "input_bytes": round(497.20 * 1024),
        "output_bytes": round(602.68 * 1024),
        "on_chip_used": round(506.5 * 1024),
        "on_chip_remaining": round(7.38 * 2**20),
        "off_chip_used": 0,
    }
    assert [(r.op, r.count) for r in log.models[0].table] == [("CONV_2D", 15), ("SOFTMAX", 1)]
    assert log.unread == 0


def test_log_of_an_old_version_with_glued_lines() -> None:
    log = parse_log(OLD.format(name="blur"))
    assert log.version == "2.0.267685300"
    assert log.models[0].model == "blur.tflite"
    assert log.models[0].sizes["on_chip_remaining"] == round(1.73 * 2**20)
    assert log.models[0].sizes["on_chip_used"] == 10 * 1024
    assert log.models[0].counts == {"subgraphs": 1, "operations": 3}


def test_log_of_a_partial_mapping() -> None:
    log = parse_log(PARTIAL.format(name="x"))
    assert [r.status for r in log.models[0].table][1].startswith("Operation is otherwise supported")
    assert log.models[0].sizes["off_chip_used"] == 2560


@pytest.mark.parametrize(
    "text", ["", "\0\xff" * 500, "Input model: \nInput size: 9999999999999999KiB", "9" * 5000]
)
def test_any_text_is_read_without_failing(text: str) -> None:
    log = parse_log(text)
    assert not log.succeeded
    assert isinstance(log.as_dict(), dict)


def test_a_failure_is_no_success_even_when_it_says_so() -> None:
    log = parse_log(NEW.format(name="a") + "Internal compiler error. Aborting!")
    assert not log.succeeded
    assert log.failures == ["Internal compiler error. Aborting!"]


def test_comparison_of_equal_figures_has_no_error() -> None:
    rows = comparison([small_network()], [inspect(compiled(cached=2496))])
    assert next(r for r in rows if r["figure"] == "on_chip_bytes")["error_percent"] == 0
    assert next(r for r in rows if r["figure"] == "off_chip_bytes")["error_percent"] == 0


def test_nothing_is_left_running(compiler: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler works in a child process; that one must go too."""
    monkeypatch.setattr("edgetpu_models.compile.GRACE_S", 0.5)
    compiler.behave("child")
    with pytest.raises(CompilerFailed, match="no end"):
        compiler.compile(timeout_s=1, retries=0)
    child = int((compiler.home / "child").read_text())
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    """Whether a process still runs; one that waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"
