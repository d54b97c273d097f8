"""One run of the compiler: a fixed environment, a time limit, bounded output, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.compiler.locate import Command
from edgetpu_models.compiler.log import CompilerLog, parse_log

MAX_OUTPUT = 4 * 2**20  # bytes that are read of what it prints
GRACE_S = 10.0  # beyond the compiler's own timer


@dataclass(frozen=True)
class Attempt:
    """One run.

    Attributes:
        outcome: `ok`, `failed`, `timeout` or `killed`.
        returncode: Exit status; negative for a signal.
        seconds: How long it took.
        output: What it printed, the last 4,000 characters.
        log: The same as data.
    """

    outcome: str
    returncode: int
    seconds: float
    output: str
    log: CompilerLog

    def as_dict(self) -> dict[str, Any]:
        """Return the attempt as JSON-ready data."""
        return asdict(self)

    @property
    def cause(self) -> str:
        """The reason of a failure in a few words."""
        if self.outcome == "timeout":
            return f"no end after {self.seconds:.0f} s"
        if self.outcome == "killed":
            return f"killed by signal {-self.returncode} ({_signal_name(-self.returncode)})"
        if self.log.failures:
            return self.log.failures[0]
        last = self.output.strip().splitlines()
        return f"exit status {self.returncode}, last line: {last[-1][:120] if last else 'none'}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def run(command: Command, folder: Path, arguments: list[str], timeout_s: float) -> Attempt:
    """Run the compiler in `folder` and wait for it at most `timeout_s`; its whole process group is ended then."""
    printed = folder / ".stdout"
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}
    start = time.monotonic()
    expired = False
    with printed.open("wb") as stream:
        process = subprocess.Popen(
            command.line(folder, arguments),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            expired = True
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    seconds = time.monotonic() - start
    with printed.open("rb") as stream:
        text = stream.read(MAX_OUTPUT).decode("utf-8", errors="replace")
    log = parse_log(text)
    code = process.returncode
    if expired:
        outcome = "timeout"
    elif code < 0:
        outcome = "killed"
    else:
        outcome = "ok" if code == 0 and not log.failures else "failed"
    return Attempt(outcome, code, round(seconds, 3), text[-4000:], log)
