"""The generated page, damaged files, the picture and the verbs."""

from __future__ import annotations

import csv
import json
import os
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgetpu_models import fuzz
from edgetpu_models.analyse import analyse
from edgetpu_models.plot import memory_map
from edgetpu_models.rules.base import RULES
from edgetpu_models.rules.support import SUPPORTED
from edgetpu_models.supported import page
from edgetpu_models.testing import compiled, small_network
from firmware_bridge.base.errors import InvalidSetting

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_page_in_the_repository_is_the_one_that_the_rules_make() -> None:
    stored = (ROOT / "docs" / "supported_operations.md").read_text()
    assert stored == page(), "run `make docs`"


def test_the_page_names_every_rule_and_operation() -> None:
    text = page()
    assert all(f"| `{name}` |" in text for name in RULES)
    assert all(f"| {name} |" in text for name in SUPPORTED)


def test_damage_is_the_same_for_the_same_seed() -> None:
    sources = fuzz.default_sources()
    assert list(fuzz.damaged(sources, 20, 3)) == list(fuzz.damaged(sources, 20, 3))
    assert list(fuzz.damaged(sources, 20, 3)) != list(fuzz.damaged(sources, 20, 4))


def test_damage_is_done() -> None:
    source = small_network()
    rng = random.Random(0)
    assert sum(fuzz.mutate(source, rng) != source for _ in range(100)) > 90
    assert fuzz.mutate(b"short", rng) == b"short"


def test_every_tool_answers_on_damaged_files() -> None:
    count = int(os.environ.get("UNDERTONE_FUZZ", "1500"))
    outcome = fuzz.fuzz(fuzz.default_sources(), count, seed=11)
    assert outcome.failures == []
    assert outcome.slowest_s < fuzz.LIMIT_S
    for tool in fuzz.TOOLS:  # both kinds of answer occur, or the damage is too weak or too strong
        assert outcome.answers[f"{tool}: data"] > count // 20
        assert outcome.answers[f"{tool}: ModelInvalid"] > count // 20


@pytest.mark.corpus
def test_every_tool_answers_on_damaged_real_files(pairs: list) -> None:
    sources = [p.compiled.read_bytes() for p in pairs if p.compiled.stat().st_size < 200_000]
    outcome = fuzz.fuzz(sources, 300, seed=5)
    assert outcome.failures == []


def test_a_tool_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(data: bytes) -> None:
        raise IndexError("oops")

    monkeypatch.setattr(fuzz, "TOOLS", {"broken": broken})
    outcome = fuzz.fuzz(fuzz.default_sources(), 2)
    assert len(outcome.failures) == 2
    assert "IndexError: oops" in outcome.failures[0]
    assert outcome.as_dict()["failure_count"] == 2


def test_a_tool_that_is_slow_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "LIMIT_S", -1.0)
    assert fuzz.fuzz([compiled()], 1).failures


def test_folders_are_read_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    full, empty = tmp_path / "full", tmp_path / "empty"
    for folder in (full, empty):
        folder.mkdir()
    (full / "a.tflite").write_bytes(compiled())
    (full / "notes.txt").write_text("no model")
    assert fuzz.sources_in([full]) == [compiled()]
    assert fuzz.sources_in([]) == fuzz.default_sources()
    with pytest.raises(InvalidSetting, match=r"empty holds no \.tflite") as caught:
        fuzz.sources_in([full, empty])
    assert "made-up" in caught.value.remedy


def test_the_memory_map_is_a_picture_and_always_the_same() -> None:
    found = analyse([small_network(), small_network(1)])
    picture = memory_map(found)
    assert picture == memory_map(found)
    assert picture.startswith(b"<?xml")
    assert b"parameters on the chip: 4,992 bytes" in picture
    assert b"network 0" in picture
    assert b"network 1" in picture


def test_the_memory_map_shows_the_limit_where_it_is_near() -> None:
    from edgetpu_models.testing import Network

    net = Network()
    full = memory_map(analyse(net.finish(net.conv(net.input((1, 4, 4, 2048)), 3072))))
    assert b"of 510 KiB (76%)" in full
    assert full.count(b"stroke-dasharray") > memory_map(analyse(small_network())).count(b"stroke-dasharray")
    nothing = Network()
    x = nothing.input((1, 4, 4, 4))
    assert memory_map(analyse(nothing.finish(nothing.op("RELU", [x], (1, 4, 4, 4))))).startswith(b"<?xml")


def _run(verb: str, *arguments: str) -> Result:
    import importlib

    command = importlib.import_module(f"tools.verbs.{verb}").command
    return CliRunner().invoke(command, arguments, standalone_mode=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    good, made = tmp_path / "net.tflite", tmp_path / "net_edgetpu.tflite"
    good.write_bytes(small_network())
    made.write_bytes(compiled())
    return str(good), str(made)


def test_lint_verb(files: tuple[str, str], tmp_path: Path) -> None:
    found = _run("lint", files[0], "--json")
    assert found.return_value == 0
    assert json.loads(found.output) == {"passes": True, "findings": {files[0]: []}}
    assert "no findings" in _run("lint", files[0]).output
    fixed = _run("lint", files[0], "--fix", str(tmp_path / "fixed.tflite"))
    assert "no safe rewrite applies" in fixed.output
    assert (tmp_path / "fixed.tflite").read_bytes() == small_network()


def test_lint_verb_fails_on_what_leaves_the_tpu(tmp_path: Path) -> None:
    from edgetpu_models.testing import Network

    net = Network()
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(net.finish(net.op("GELU", [net.input((1, 4))], (1, 4))))
    found = _run("lint", str(bad))
    assert found.return_value == 1
    assert "unknown-builtin (stops the compiler" in found.output


def test_analyse_verb(files: tuple[str, str], tmp_path: Path) -> None:
    table, picture = tmp_path / "ops.csv", tmp_path / "map.svg"
    found = _run("analyse", files[0], "--json", "--csv", str(table), "--plot", str(picture))
    assert found.return_value == 0
    assert json.loads(found.output)["fits"] is True
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    assert [r["name"] for r in rows][:2] == ["CONV_2D", "DEPTHWISE_CONV_2D"]
    assert rows[0]["shape"] == "1x16x8x16"
    assert picture.read_bytes().startswith(b"<?xml")
    text = _run("analyse", files[0], files[0]).output
    assert "fits on the chip" in text
    assert "estimated" in text


def test_inspect_verb(files: tuple[str, str]) -> None:
    data = json.loads(_run("inspect", files[1], "--original", files[0], "--json").output)
    assert data["on_chip_bytes"] == 4096
    assert data["n_ops"] == 11
    assert "on_chip_bytes" in _run("inspect", files[1]).output
    changes = json.loads(_run("inspect", files[0], "--diff", files[1], "--json").output)["changes"]
    assert changes[0]["where"] == "file.compiled"
    assert "differences" in _run("inspect", files[0], "--diff", files[1]).output


def test_explain_verb() -> None:
    assert json.loads(_run("explain", "softmax-rows", "--json").output)["kind"] == "rule"
    text = _run("explain", "More", "than", "one", "subgraph", "is", "not", "supported").output
    assert "change:" in text


def test_bisect_verb(files: tuple[str, str], tmp_path: Path) -> None:
    found = _run("bisect", files[0], "--inputs", "2", "--json")
    assert found.return_value in (0, 1)  # fast kernels may differ by 1
    assert {"agrees", "first", "layers"} <= set(json.loads(found.output))
    contract = tmp_path / "tolerance.json"
    assert _run("bisect", files[0], "--inputs", "2", "--save", str(contract)).return_value == 0
    held = _run("bisect", files[0], "--inputs", "2", "--contract", str(contract))
    assert held.return_value == 0
    assert "within its tolerance" in held.output


def test_compile_verb_without_a_compiler(files: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
    found = _run("compile", files[0])
    assert type(found.exception).__name__ == "EnvironmentLacking"
