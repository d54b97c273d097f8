"""`undertone doctor`: what this machine has and lacks, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from tools.health.finding import Finding
    from tools.health.system import System

MARKS = {"ok": "ok", "missing": "missing", "wrong": "WRONG"}


def checks() -> tuple[Callable[[System], Finding | list[Finding]], ...]:
    """Return all checks in the order of the report."""
    from tools.health import board, firmware, machine

    return (
        machine.check_python,
        machine.check_packages,
        machine.check_disk,
        machine.check_c_compiler,
        machine.check_edgetpu_compiler,
        machine.check_corpora,
        machine.check_foundation,
        firmware.check_m7_compiler,
        firmware.check_sdk,
        firmware.check_flashtool,
        board.check_board,
        board.check_ports,
        board.check_group,
        board.check_udev,
        board.check_modem_manager,
        board.check_usb_ethernet,
    )


def examine(system: System) -> list[Finding]:
    """Run all checks on a system."""
    findings: list[Finding] = []
    for check in checks():
        found = check(system)
        findings += found if isinstance(found, list) else [found]
    return findings


def verdict(findings: Sequence[Finding]) -> int:
    """Return the exit status: 2 when something that a build needs is missing or wrong, else 0."""
    return 2 if any(f.needed and f.state != "ok" for f in findings) else 0


@click.command(name="doctor")
@options.as_json()
def command(as_json: bool) -> int:
    """Look at this machine: packages, compilers, corpora, board. Exit status 2 when a build could not run."""
    from tools.health.system import System

    findings = examine(System())
    status = verdict(findings)
    if as_json:
        console.emit_json({"ready": status == 0, "findings": [f.as_dict() for f in findings]})
        return status
    for finding in findings:
        console.emit_text(f"{MARKS[finding.state]:<8} {finding.name}: {finding.what}")
        if finding.fix:
            console.emit_text(f"{'':<8}   {'needed; ' if finding.needed else ''}fix: {finding.fix}")
    console.emit_text("ready" if status == 0 else "not ready: mend what is needed")
    return status
