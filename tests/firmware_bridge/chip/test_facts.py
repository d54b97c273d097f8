"""What was measured of a build: written by the build, read with its age, never silently old."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.paths import ROOT
from firmware_bridge.chip import facts
from firmware_bridge.chip.commit import acknowledge, adopt, committed
from firmware_bridge.chip.facts import KEPT, Facts, facts_of, latest_facts, read_facts, sources_digest
from firmware_bridge.chip.regions import Part, Region

REGIONS = (
    Region("ITCM", 1000, (Part("core", 300), Part("sdk", 100)), memory="ITCM", on_chip=True),
    Region("DTCM", 1000, (Part("core", 50),), memory="DTCM", on_chip=True),
    Region("DTCM, not cached", 1000, (Part("sdk", 8),), memory="DTCM", on_chip=True),
    Region("SDRAM", 9000, (Part("core", 4000),), memory="SDRAM"),
)


@pytest.fixture
def made() -> Facts:
    return facts_of("coralmicro", "arm-none-eabi-gcc 12.2.1", "ab" * 32, REGIONS, "c9f665b00")


def test_they_are_written_and_read_back(made: Facts, tmp_path: Path) -> None:
    assert made.write(tmp_path) == tmp_path / "facts.json"
    assert read_facts(tmp_path / "facts.json") == made
    assert (made.on_chip_bytes, made.used_of("DTCM")) == (458, 58)
    assert made.date == datetime.date.today().isoformat()
    assert len(made.revision.split("+")[0]) in (7, 40)
    assert facts_of("host", "gcc", "", (Region("heap"),)).on_chip_bytes is None


def test_they_say_how_old_they_are(made: Facts) -> None:
    day = datetime.date.fromisoformat(made.date)
    said = made.age(day + datetime.timedelta(days=40))
    assert said.startswith(f"build of port coralmicro from commit {made.revision[:7]}")
    assert f"{made.date} (40 days ago), arm-none-eabi-gcc 12.2.1, SDK c9f665b" in said
    assert "CHANGED" not in said
    assert "(today)" in made.age(day) and "(1 day ago)" in made.age(day + datetime.timedelta(days=1))
    old = made.model_copy(update={"sources": "0" * 64})
    assert not old.current and "THE SOURCES HAVE CHANGED SINCE" in old.age()


def test_the_digest_follows_what_decides_the_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in {
        "core/a.c": "int a; /* why */\n",
        "core/a.py": "x = 1",
        "chip.toml": "# x\na = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(facts, "_BRIDGE", tmp_path)
    monkeypatch.setattr(facts, "INPUTS", {"twin": ("core", "chip.toml")})
    first = sources_digest("twin")
    (tmp_path / "core" / "a.c").write_text("int  a; // because\n")
    (tmp_path / "core" / "a.py").write_text("x = 2")
    (tmp_path / "chip.toml").write_text("a = 1 # y\n")
    assert sources_digest("twin") == first, "comments, blanks and other languages decide nothing"
    (tmp_path / "core" / "a.c").write_text("int b;\n")
    second = sources_digest("twin")
    (tmp_path / "chip.toml").write_text("a = 2\n")
    assert len({first, second, sources_digest("twin")}) == 3
    with pytest.raises(UnknownName):
        sources_digest("toaster")


def test_a_build_here_goes_before_the_committed_ones(made: Facts, tmp_path: Path) -> None:
    assert latest_facts("coralmicro", tmp_path) == read_facts(KEPT / "coralmicro.json")
    made.write(tmp_path / "coralmicro")
    assert latest_facts("coralmicro", tmp_path) == made


@pytest.mark.parametrize(
    ("text", "words"), [(None, "no facts at"), ("{}", "holds no facts"), ("[", "holds no facts")]
)
def test_what_is_no_facts_is_refused(text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "facts.json").write_text(text)
    with pytest.raises(InvalidSetting, match=words):
        read_facts(tmp_path / "facts.json")


def test_adopting_and_acknowledging(made: Facts, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    adopt(made.model_copy(update={"sources": "0" * 64}).write(tmp_path), "by hand", kept)
    found = read_facts(kept / "coralmicro.json")
    assert (found.origin, found.acknowledged, found.regions) == ("by hand", "", REGIONS)
    later = acknowledge("coralmicro", kept)
    assert later.acknowledged == sources_digest("coralmicro")
    assert not later.current, "to have seen it makes nothing newer"
    assert "CHANGED SINCE" in later.age()


@pytest.mark.parametrize("ask", [committed, acknowledge])
def test_a_port_without_facts_is_answered_with_those_that_have_some(ask: Callable[[str], Facts]) -> None:
    with pytest.raises(UnknownName, match="'toaster'") as caught:
        ask("toaster")
    assert "coralmicro, twin" in caught.value.remedy
    assert not (KEPT / "toaster.json").exists()


def test_what_is_committed_is_read(made: Facts, tmp_path: Path) -> None:
    assert committed("coralmicro") == read_facts(KEPT / "coralmicro.json")
    adopt(made.write(tmp_path / "build"), kept=tmp_path)
    assert committed("coralmicro", tmp_path) == made


@pytest.mark.parametrize("port", ["coralmicro", "twin"])
def test_the_committed_facts_are_not_silently_old(port: str) -> None:
    """Red when the linker's inputs have changed since. Build and adopt; or say that nobody here could."""
    kept = read_facts(KEPT / f"{port}.json")
    assert sources_digest(port) in (kept.sources, kept.acknowledged), (
        f"the sources of {port} have changed since {kept.date}. "
        f"With its SDK: undertone build --port {port} --out DIR (twin: undertone chip count "
        "--out DIR), then undertone chip adopt DIR/facts.json. "
        f"Without: undertone chip acknowledge {port}; reports then say that the figure is old"
    )


def test_nothing_measured_is_pasted_into_a_report() -> None:
    """The figures of before, 229,192 and so on, were nobody's any more."""
    text = (ROOT / "hil" / "chip" / "stages.py").read_text()
    for region in read_facts(KEPT / "coralmicro.json").regions:
        assert f"{region.used_bytes:_}" not in text or region.used_bytes < 1000
    assert "229_192" not in text and "_INSTRUCTIONS =" not in text
