"""The alignment report, the race, and the emulated chip."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, InputScaling, MicroFrontend, preset
from firmware_bridge.microfrontend.emit import c_source, core_arrays, core_integers
from firmware_bridge.microfrontend.golden import golden_signals
from tools.lab import alignment, bench_frontend, m7


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stock libraries, one spec, one short clip: the tools themselves are under test."""
    clip = golden_signals()["bursts"]
    for tool in (alignment, bench_frontend):
        monkeypatch.setattr(tool, "available", lambda: ([], ["tensorflow-cpu: left out"]))
        monkeypatch.setattr(tool, "load_clips", lambda limit: ([np.resize(clip, 24000)], "1 clip"))
    monkeypatch.setattr(alignment, "SPECS", {"yamnet": preset("yamnet")})
    monkeypatch.setattr(alignment, "golden_signals", lambda: {"bursts": clip, "silence": clip * 0})
    monkeypatch.setattr(alignment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bench_frontend, "SPECS", {"yamnet 25/10 ms, 64": preset("yamnet")})


@pytest.mark.usefixtures("few")
def test_alignment_reports_zero_lsb(tmp_path: Path) -> None:
    verdict = alignment.align(1)
    assert verdict.aligned
    assert alignment.write_report(verdict, tmp_path) == tmp_path / "report.html"
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["aligned"] is True
    assert report["alignment_lsb"] == 0
    assert [row["tables"] for row in report["rows"]] == ["double", "float", "mixed"]
    assert all(row["signals"] == 3 and row["values"] > 0 for row in report["rows"])
    page = (tmp_path / "report.html").read_text()
    assert "0 LSB" in page
    assert page.count("data:image/png;base64,") == 6
    assert "http" not in page


@pytest.mark.usefixtures("few")
def test_alignment_fails_on_one_wrong_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = alignment.implementations

    def one_off(spec: FrontendSpec, oracles: list[Any]) -> Any:
        name, own, process = next(iter(honest(spec, oracles)))

        def wrong(pcm: np.ndarray) -> np.ndarray:
            features = process(pcm)
            features[0, 0] += 2
            return features

        yield name, own, wrong

    monkeypatch.setattr(alignment, "implementations", one_off)
    verdict = alignment.align(1)
    assert not verdict.aligned
    alignment.write_report(verdict, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["alignment_lsb"] == 2
    assert report["rows"][0]["differing"] == 3
    assert "Some values differ" in (tmp_path / "report.html").read_text()


@pytest.mark.usefixtures("few")
def test_a_race_has_everybody_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_emulator(spec: FrontendSpec) -> dict[str, Any]:
        raise EnvironmentLacking("no emulator")

    monkeypatch.setattr(bench_frontend, "on_the_chip", no_emulator)
    race = bench_frontend.hold(1, rounds=1)
    rows = {one.name: one for one in race.whole_clips["yamnet 25/10 ms, 64"]}
    assert rows["ours, C core"].realtime_factor > rows["ours, NumPy reference"].realtime_factor
    assert rows["ours, C core"].times_fastest_stock is None
    assert rows[bench_frontend.ONE_THREAD].times_one_thread is None
    assert [name for name, one in rows.items() if one.times_one_thread] == [
        f"ours, batch, {os.cpu_count()} threads"
    ]
    assert race.missing == ["tensorflow-cpu: left out", "Cortex-M7: no emulator"]
    assert race.cortex_m7 == {}
    assert race.memory["yamnet 25/10 ms, 64"]["tables"] < 5000
    json.dumps(race.as_dict())


def test_a_turn_takes_the_best_of_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr(bench_frontend.time, "perf_counter", lambda: clock["now"])

    def measured(seconds: list[float], **settings: float) -> tuple[float, int]:
        left = list(seconds)
        best = bench_frontend.seconds_of(lambda: clock.update(now=clock["now"] + left.pop(0)), **settings)
        return best, len(seconds) - len(left)

    assert measured([4, 1, 3, 9], turn_s=8) == (1, 3)
    assert measured([4, 1], turn_s=3) == (4, 1)
    assert measured([4, 1]) == (4, 1)


@pytest.fixture
def emulator() -> None:
    """Skip where the emulator or the compiler for it is missing."""
    pytest.importorskip("unicorn")
    pytest.importorskip("ziglang")


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", ["yamnet", "default", "voice", "mltk"])
def test_the_emulated_chip_computes_the_same_bits(name: str) -> None:
    spec = {**PRESETS, **alignment.SPECS}[name]
    for kind in ("bursts", "full-scale noise", "impulses at -32768", "one LSB"):
        pcm = golden_signals()[kind][:9000]
        run = m7.run_clip(spec, pcm)
        assert np.array_equal(run.features, MicroFrontend(spec, "reference").process(pcm)), kind


@pytest.mark.usefixtures("emulator")
def test_the_chips_budget() -> None:
    """Instructions per frame below 50,000 (the stock library's 87,100), memory within what the board leaves free."""
    run = m7.run_clip(preset("yamnet"), golden_signals()["full-scale noise"][:4000])
    assert run.per_frame < 50_000
    assert run.by_function["ut_spectrum"] > run.by_function["ut_levels"]
    assert run.code_bytes < 16_000
    assert run.table_bytes < 6_000
    assert run.state_bytes < 8_000


def test_a_chip_without_compiler_or_emulator_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(m7, "NATIVE", tmp_path)
    monkeypatch.setattr(m7, "TARGET", ("--no-such-flag",))
    pytest.importorskip("ziglang")
    with pytest.raises(EnvironmentLacking, match="build failed"):
        m7.build_image(preset("yamnet"), 1000)
    monkeypatch.setitem(__import__("sys").modules, "unicorn", None)
    with pytest.raises(EnvironmentLacking, match="unicorn"):
        m7.run_clip(preset("yamnet"), np.zeros(400, np.int16))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_emitted_c_holds_the_tables(name: str) -> None:
    spec = preset(name)
    text = c_source(spec, "voice_tables", InputScaling())
    assert spec.table_hash in text
    assert "const ut_scaling voice_tables_scaling = {1, 0, 1, 1, 666};" in text
    for field, value in core_integers(spec).items():
        assert f".{field} = {value}," in text
    for field, array in core_arrays(spec).items():
        if array.size:
            body = text.split(f"voice_tables_{field}[{array.size}] = {{")[1].split("}")[0]
            assert [int(v) for v in body.replace("\n", "").rstrip(", ").split(",")] == array.ravel().tolist()


def test_the_emitted_c_compiles(tmp_path: Path) -> None:
    import subprocess

    from firmware_bridge.base.toolchain import STRICT
    from firmware_bridge.microfrontend.build import CORE

    if shutil.which("gcc") is None:
        pytest.skip("no gcc here")
    file = tmp_path / "tables.c"
    file.write_text(c_source(preset("voice"), "voice_tables", InputScaling()))
    line = ["gcc", *STRICT, f"-I{CORE}", "-c", str(file), "-o", str(tmp_path / "x.o")]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
