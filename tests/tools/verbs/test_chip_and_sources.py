"""`undertone chip`, `sources` and `alignment`: committed facts, made C files, and the verdict in LSB."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.chip import commit, facts
from firmware_bridge.chip.facts import KEPT, Count, facts_of, read_facts
from firmware_bridge.chip.regions import Part, Region
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.microfrontend import preset
from firmware_bridge.ports import sources
from firmware_bridge.ports.twin import count
from tools.lab import alignment

Answer = Callable[..., tuple[int, dict[str, Any]]]
Shown = Callable[..., tuple[int, str, str]]
REGIONS = (Region("ITCM", 1000, (Part("core", 300),), memory="ITCM", on_chip=True),)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the committed facts, with those of `twin`."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "twin.json").write_text((KEPT / "twin.json").read_text())
    for function in (commit.adopt, commit.acknowledge, commit.committed):
        monkeypatch.setattr(function, "__defaults__", (*(function.__defaults__ or ())[:-1], folder))
    return folder


class TestChip:
    def test_what_is_committed_is_shown_with_its_age(self, shown: Shown, answer: Answer) -> None:
        status, told, _ = shown("chip", "show", "twin")
        assert status == 0
        assert told.startswith("build of port twin from commit")
        assert "yamnet" in told and "a frame" in told
        found = answer("chip", "show", "coralmicro")[1]
        assert found["port"] == "coralmicro"
        assert found["current"] is read_facts(KEPT / "coralmicro.json").current

    def test_an_unknown_port_lists_the_known_ones(self, answer: Answer) -> None:
        for verb in ("show", "acknowledge"):
            status, found = answer("chip", verb, "toaster")
            assert (status, found["remedy"]) == (2, "use one of: coralmicro, twin")

    def test_a_build_is_adopted(self, answer: Answer, kept: Path, tmp_path: Path) -> None:
        file = facts_of("coralmicro", "gcc 12", "ab" * 32, REGIONS, "c9f665b00").write(tmp_path)
        status, found = answer("chip", "adopt", str(file), "--origin", "by hand")
        assert (status, found["origin"]) == (0, "by hand")
        assert read_facts(kept / "coralmicro.json").regions == REGIONS
        assert found["current"] is True

    @pytest.mark.parametrize("content", [None, "{}", "no json"])
    def test_a_file_without_facts_changes_nothing(
        self, answer: Answer, kept: Path, tmp_path: Path, content: str | None
    ) -> None:
        before = {file.name: file.read_bytes() for file in kept.iterdir()}
        file = tmp_path / "facts.json"
        if content is not None:
            file.write_text(content)
        status, found = answer("chip", "adopt", str(file))
        assert (status, found["error"]) == (2, "InvalidSetting")
        assert {file.name: file.read_bytes() for file in kept.iterdir()} == before

    def test_what_was_acknowledged_is_still_called_old(
        self, shown: Shown, kept: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(commit, "sources_digest", lambda port: "cd" * 32)
        monkeypatch.setattr(facts, "sources_digest", lambda port: "cd" * 32)
        status, told, _ = shown("chip", "acknowledge", "twin")
        assert status == 0
        assert "THE SOURCES HAVE CHANGED SINCE" in told
        assert read_facts(kept / "twin.json").acknowledged == "cd" * 32

    def test_counted_instructions_are_written_for_adopt(
        self, shown: Shown, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        one = Count(
            name="voice",
            frontend="ab" * 32,
            channels=8,
            levels=True,
            frame=41000.0,
            scaled_value=3.5,
            fusion_weight=2.0,
        )
        made = facts_of("twin", "zig", "ab" * 32, REGIONS, instructions=(one,))
        monkeypatch.setattr(count, "count_presets", lambda: made)
        status, told, said = shown("chip", "count", "--out", str(tmp_path))
        assert status == 0
        assert "41,000" in told and "3.50" in told
        assert read_facts(tmp_path / "facts.json") == made
        assert str(tmp_path / "facts.json") in said

    def test_counting_needs_a_place(self, answer: Answer) -> None:
        status, found = answer("chip", "count")
        assert status == 2
        assert "--out" in found["what"]


class TestSources:
    def test_a_bundles_files(self, tiny_bundle: Bundle, answer: Answer, tmp_path: Path) -> None:
        line = ["sources", "--bundle", str(tiny_bundle.directory), "--out", str(tmp_path / "made")]
        status, found = answer(*line)
        assert status == 0
        assert set(found["files"]) == {file.name for file in sources.KEPT.iterdir()}
        config = (tmp_path / "made" / "ut_config.h").read_text()
        assert tiny_bundle.manifest.frontend.table_hash in config

    def test_without_a_bundle_what_is_kept_is_made(self, shown: Shown, tmp_path: Path) -> None:
        status, told, _ = shown("sources", "--out", str(tmp_path))
        assert status == 0
        assert "ut_tables.c" in told
        for file in sources.KEPT.iterdir():
            assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name

    def test_a_bundle_does_not_replace_what_is_kept(self, tiny_bundle: Bundle, answer: Answer) -> None:
        before = {file.name: file.read_bytes() for file in sources.KEPT.iterdir()}
        status, found = answer("sources", "--bundle", str(tiny_bundle.directory))
        assert status == 2
        assert "--out" in found["remedy"]
        assert {file.name: file.read_bytes() for file in sources.KEPT.iterdir()} == before

    def test_no_bundle(self, answer: Answer, tmp_path: Path) -> None:
        status, found = answer("sources", "--bundle", str(tmp_path), "--out", str(tmp_path / "made"))
        assert (status, found["error"]) == (2, "BundleInvalid")
        assert not (tmp_path / "made").exists()


class TestAlignment:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No stock libraries, one front-end, one second of noise."""
        noise = np.random.default_rng(0).integers(-9000, 9000, 16000).astype(np.int16)
        monkeypatch.setattr(alignment, "available", lambda: ([], ["pymicro-features: left out"]))
        monkeypatch.setattr(alignment, "load_clips", lambda limit: ([noise] * limit, f"{limit} clips"))
        monkeypatch.setattr(alignment, "SPECS", {"voice": preset("voice")})
        monkeypatch.setattr(alignment, "golden_signals", lambda: {"noise": noise})
        monkeypatch.setattr(alignment.importlib.util, "find_spec", lambda name: None)

    def test_aligned(self, shown: Shown, tmp_path: Path) -> None:
        status, told, said = shown("alignment", "--clips", "1", "--out", str(tmp_path))
        assert status == 0
        assert "0 LSB everywhere" in told
        assert "signals: 1 golden, 1 clips" in said
        assert "not compared: pymicro-features: left out" in said
        assert "make alignment" in said
        assert (tmp_path / "report.html").is_file()

    def test_a_difference_is_status_1(
        self, answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = alignment.compare

        def off(name: str, implementation: Any, signals: Any) -> Any:
            who, spec, process = implementation
            return honest(name, (who, spec, lambda pcm: process(pcm) + np.uint16(3)), signals)

        monkeypatch.setattr(alignment, "compare", off)
        status, found = answer("alignment", "--clips", "1", "--out", str(tmp_path))
        assert (status, found["aligned"], found["alignment_lsb"]) == (1, False, 3)
        assert json.loads((tmp_path / "report.json").read_text()) == found
