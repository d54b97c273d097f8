"""The C core under every compiler, in every width, under sanitizers, and fed rubbish."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.base import toolchain
from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.toolchain import compiler_of, cpu_level, find_compiler
from firmware_bridge.microfrontend import FrontendSpec, MicroFrontend, frontend
from firmware_bridge.microfrontend.build import CORE, frontend_library, sources
from firmware_bridge.microfrontend.fft import input_order
from firmware_bridge.microfrontend.native import Core, NativeStream, NativeTables
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch
from tests.support.told import told

HARNESS = Path(__file__).with_name("harness.c")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
INTEGERS = 18
ARRAYS = [
    "window",
    "order",
    "twiddles",
    "split_twiddles",
    "mel_ends",
    "mel_weights",
    "mel_unweights",
    "pcan_pieces",
    "log_pieces",
]
Signals = dict[str, NDArray[np.int16]]


def variants() -> list[tuple[str, ...]]:
    """Return (level, flag ...) of each width that this machine can run."""
    wide = {"v4": ["v4", "v3", "v2"], "v3": ["v3", "v2"], "v2": ["v2"], "": []}[cpu_level()]
    return [(level,) for level in [*wide, ""]] + [("", "-DUT_SCALAR")]


@pytest.mark.parametrize("variant", variants(), ids=" ".join)
def test_every_width_gives_the_same_bits(
    variant: tuple[str, ...],
    signals: Signals,
    specs: dict[str, FrontendSpec],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    core = Core(frontend_library(level=variant[0], extra=variant[1:]))
    for name, spec in specs.items():
        expected = MicroFrontend(spec)
        with monkeypatch.context() as patch:
            patch.setattr(frontend, "load_core", lambda: core)
            ours = MicroFrontend(spec, "native")
        for kind in ("full-scale noise", "impulses at -32768", "bursts"):
            assert np.array_equal(ours.process(signals[kind]), expected.process(signals[kind])), (name, kind)


@pytest.mark.parametrize("flag", ["-DUT_SCALAR", "-DUT_MAX_WINDOW=512"])
@pytest.mark.parametrize("command", ["gcc", "clang", "ziglang"])
def test_no_compiler_has_a_warning_and_all_agree(command: str, flag: str, signals: Signals) -> None:
    """Warnings are errors in every build of the library."""
    if command == "ziglang":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("the package ziglang is not installed")
        line = [sys.executable, "-m", "ziglang", "cc"]
    elif shutil.which(command) is None:
        pytest.skip(f"no {command} here")
    else:
        line = [command]
    core = Core(frontend_library(compiler_of(line), level="", extra=(flag,)))
    spec, pcm = FrontendSpec(), signals["bursts"]
    stream = NativeStream(core, spec, NativeTables(core, spec))
    assert np.array_equal(stream.push(pcm), MicroFrontend(spec, "reference").process(pcm))


@pytest.fixture(scope="module")
def run_harness(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[bytes], subprocess.CompletedProcess[bytes]]:
    """The core and its harness under the address and undefined-behaviour sanitizers, one width per call."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc, whose sanitizers are used here")
    programs = []
    for level in ("-DUT_SCALAR -DUT_PLAIN_C", "-march=x86-64-v3" if cpu_level() else "-O1"):
        program = tmp_path_factory.mktemp("harness") / "harness"
        line = [
            "gcc",
            "-std=gnu99",
            *SANITIZERS,
            *level.split(),
            f"-I{CORE}",
            *map(str, sources()),
            str(HARNESS),
        ]
        done = subprocess.run([*line, "-o", str(program)], capture_output=True, text=True, check=False)
        if "asan" in done.stderr:
            pytest.skip("this gcc came without its sanitizers")
        assert done.returncode == 0, done.stderr
        programs.append(program)

    def run(data: bytes) -> subprocess.CompletedProcess[bytes]:
        outputs = [
            subprocess.run([program], input=data, capture_output=True, check=False) for program in programs
        ]
        for output in outputs:
            assert b"runtime error" not in output.stderr, output.stderr.decode()[:2000]
            assert b"AddressSanitizer" not in output.stderr, output.stderr.decode()[:2000]
            assert output.returncode in (0, 3), output.returncode
        assert outputs[0].returncode == outputs[1].returncode
        return outputs[0]

    return run


def harness_input(spec: FrontendSpec, pcm: NDArray[np.int16], chunk: int) -> bytes:
    """Return a file for the harness."""
    core = frontend.load_core()
    tables = NativeTables(core, spec)
    integers = [getattr(tables.struct, name) for name, _ in core.ffi.typeof("ut_tables").fields[:INTEGERS]]
    half = spec.fft_size // 2
    arrays = {name: tables.arrays[name].ravel() for name in ARRAYS}
    least = {"mel_weights": half, "mel_unweights": half, "pcan_pieces": 66, "log_pieces": 128}
    padded = [
        np.resize(a if a.size else np.zeros(1, a.dtype), max(least.get(name, 0), a.size))
        for name, a in arrays.items()
    ]
    header = np.array([*integers, chunk, *(a.size for a in padded), pcm.size], dtype=np.int32)
    return header.tobytes() + b"".join(a.tobytes() for a in padded) + pcm.tobytes()


RunHarness = Callable[[bytes], "subprocess.CompletedProcess[bytes]"]


def test_sanitizers_are_content_on_every_spec(
    run_harness: RunHarness, specs: dict[str, FrontendSpec], signals: Signals
) -> None:
    for index, (name, spec) in enumerate(specs.items()):
        for kind in ("full-scale noise", "impulses at -32768", "DC at -32768", "bursts"):
            pcm = signals[kind][:7000]
            stream = MicroFrontend(spec).stream()
            expected = stream.push(pcm).tobytes() + bytes([stream.activity_detected()])
            chunk = (0, 1, 163, 4999)[index % 4]
            assert run_harness(harness_input(spec, pcm, chunk)).stdout == expected, (name, kind)


def test_rubbish_is_refused_or_computed_but_never_harms(run_harness: RunHarness, signals: Signals) -> None:
    """A few bytes of tables, settings or audio changed at random; then no structure at all."""
    rng = np.random.default_rng(11)
    statuses = []
    for turn in range(40):
        window = int(rng.integers(2, 40))
        small = FrontendSpec(window_ms=window, step_ms=2, channels=3, noise_reduction=None, pcan=None)
        more = small.model_copy(update={"dc_notch": DcNotch(), "activity": ActivityDetection()})
        spec = more if turn % 2 else FrontendSpec()
        data = bytearray(harness_input(spec, signals["full-scale noise"][:3000], int(rng.integers(1, 900))))
        header = 4 * (INTEGERS + 1)
        for _ in range(int(rng.integers(1, 7))):
            in_header = rng.random() < 0.1
            where = int(rng.integers(0, header)) if in_header else int(rng.integers(header, len(data)))
            data[where] = int(rng.integers(0, 256))
        statuses.append(run_harness(bytes(data)).returncode)
        run_harness(rng.bytes(int(rng.integers(0, 4000))))
    assert statuses.count(0) >= 10
    assert statuses.count(3) >= 5


def test_a_library_is_built_once_and_named_by_its_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(toolchain, "NATIVE", tmp_path)
    first = frontend_library(level="", extra=("-DUT_SCALAR", "-O0"))
    stamp = first.stat().st_mtime_ns
    assert frontend_library(level="", extra=("-DUT_SCALAR", "-O0")) == first
    assert first.stat().st_mtime_ns == stamp
    assert frontend_library(level="", extra=("-DUT_SCALAR", "-O0", "-DX")) != first
    assert [p.suffix for p in tmp_path.iterdir()] == [".so", ".so"]


def test_a_failing_compiler_is_told_apart_from_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "NATIVE", tmp_path)
    with pytest.raises(EnvironmentLacking, match="the C compiler failed"):
        frontend_library(compiler_of(["gcc"]) if shutil.which("gcc") else None, extra=("-Dut_push=+",))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EnvironmentLacking, match="no C compiler"):
        find_compiler()


def test_a_compiler_too_old_for_this_machine_builds_the_plain_core(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(toolchain, "NATIVE", tmp_path)
    monkeypatch.setattr(toolchain, "EXACT", ("-O0",))
    monkeypatch.setattr(toolchain, "cpu_level", lambda: "v9")
    assert Core(frontend_library()).lanes in (1, 4)
    monkeypatch.setattr(toolchain, "cpu_level", lambda: "")
    monkeypatch.setattr(toolchain, "STRICT", ("--no-such-flag",))
    with pytest.raises(EnvironmentLacking):
        frontend_library()


def test_the_compiler_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", sys.executable)
    assert find_compiler().command == (os.environ["CC"],)


def test_without_a_compiler_numpy_stands_in_and_says_so(
    monkeypatch: pytest.MonkeyPatch, signals: Signals
) -> None:
    def no_core() -> Core:
        raise EnvironmentLacking("no C compiler found", "install gcc")

    monkeypatch.setattr(frontend, "load_core", no_core)
    frontend._core_or_none.cache_clear()
    try:
        with told() as lines:
            stand_in = MicroFrontend(FrontendSpec())
            assert stand_in.backend == "reference"
            assert len(lines) == 1
            assert "NumPy reference" in lines[0]
            MicroFrontend(FrontendSpec())
            assert len(lines) == 1
        assert len(stand_in.process_batch([signals["bursts"]])) == 1
        assert stand_in.stream().push(signals["bursts"]).shape == (49, 40)
        with pytest.raises(EnvironmentLacking):
            MicroFrontend(FrontendSpec(), "native")
    finally:
        frontend._core_or_none.cache_clear()


BAD_FIELDS = {
    "step": 0,
    "window_size": 99,
    "fft_size": 500,
    "channels": 0,
    "mel_start": 0,
    "log_shift": 12,
    "even_smoothing": -1,
    "dc_notch": 40000,
    "activity_arm": -1,
    "pcan_snr_shift": 32,
    "correction_bits": 17,
}


def test_the_core_checks_its_tables() -> None:
    core = frontend.load_core()
    for field, value in BAD_FIELDS.items():
        tables = NativeTables(core, FrontendSpec())
        setattr(tables.struct, field, value)
        assert core.lib.ut_check(tables.struct) != 0, field
    assert input_order(256)[1] == 64


@pytest.mark.parametrize(
    ("field", "place", "value"),
    [
        ("mel_ends", 3, 4),
        ("mel_ends", 40, 257),
        ("order", 9, 256),
        ("twiddles", 5, -32768),
        ("split_twiddles", 255, -32768),
        ("mel_weights", 0, -1),
        ("mel_unweights", 100, -1),
    ],
)
def test_the_core_checks_its_arrays(field: str, place: int, value: int) -> None:
    core = frontend.load_core()
    tables = NativeTables(core, FrontendSpec())
    assert core.lib.ut_check(tables.struct) == 0
    changed = tables.arrays[field].copy().ravel()
    changed[place] = value
    setattr(tables.struct, field, core.pointer(f"{changed.dtype}_t", changed))
    assert core.lib.ut_check(tables.struct) != 0
