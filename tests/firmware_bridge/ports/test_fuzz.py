"""Damaged inputs do the core no harm; harm that is planted in it is found."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.ports import sources
from firmware_bridge.ports.fuzz.build import build_fuzzer, run_fuzzer
from firmware_bridge.protocol import TABLE

SANITIZERS = ["-fsanitize=address,undefined", "-fsanitize-coverage=trace-pc"]


@pytest.fixture(scope="module", autouse=True)
def sanitizers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where the compiler came without what the fuzzer needs."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.c").write_text("void __sanitizer_cov_trace_pc(void) {}\nint main(void) { return 0; }\n")
    if shutil.which("gcc") is None:
        pytest.skip("no gcc, whose sanitizers are used here")
    done = subprocess.run(["gcc", "probe.c", "-fsanitize=address,undefined"], cwd=folder, check=False)
    if done.returncode:
        pytest.skip("this gcc came without its sanitizers")


def test_fifty_thousand_inputs_do_no_harm(tmp_path: Path) -> None:
    result = run_fuzzer(build_fuzzer(tmp_path), 50_000, 3)
    assert result.inputs == 50_000
    assert result.frames > 40_000
    replies = {layout.reply for layout in TABLE.layouts.values() if layout.reply}
    assert set(result.kinds) == replies | {"error"}, "it went everywhere"
    assert result.kinds["result"] > 200 and result.kinds["update_done"] > 20
    # 12: the stand-in can everything; 15: needs a whole image of another front-end (tests of update).
    assert set(TABLE.errors) - set(result.errors) == {"not_capable", "wrong_frontend"}
    assert 1 <= result.blocks_per_byte <= 8


PLANTED = {
    "one byte too many is kept": (
        "framing.c",
        "held == UT_FRAME_MOST_ENCODED",
        "held > UT_FRAME_MOST_ENCODED",
    ),
    "a count is believed": ("codec.c", "if (count - at < bytes || ", "if (0 || "),
    "every byte looks at all before": (
        "framing.c",
        "decoder->bytes[decoder->held++] = byte;",
        "decoder->bytes[decoder->held++] = byte; (void)ut_crc32(0, decoder->bytes, decoder->held);",
    ),
    "an answer's length is wrong": ("server.c", "frame.count = ut_encode(", "frame.count = 1 + ut_encode("),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, good, bad = PLANTED[fault]
    core = tmp_path / "core"
    shutil.copytree(sources.CORE, core)
    text = (core / name).read_text()
    assert text.count(good) == 1
    (core / name).write_text(text.replace(good, bad))
    monkeypatch.setattr(sources, "CORE", core)
    with pytest.raises(CheckFailed, match="the fuzzer stopped"):
        run_fuzzer(build_fuzzer(tmp_path / "build"), 50_000, 3)
