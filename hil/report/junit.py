"""The report as JUnit XML, for continuous integration."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.files import write_bytes
from hil.budgets import Status, Verdict
from hil.report.model import HilReport

# Characters that XML 1.0 cannot carry at all.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: HilReport, path: Path) -> None:
    """Write one test case per promise and one per segment (equal to the host's arithmetic or not)."""
    from junitparser import JUnitXml

    document = JUnitXml("undertone hil")
    document.add_testsuite(_promises(report))
    document.add_testsuite(_segments(report))
    document.update_statistics()
    write_bytes(path, document.tostring())


def _promises(report: HilReport):  # type: ignore[no-untyped-def]  # noqa: ANN202 (junitparser is untyped)
    from junitparser import TestSuite

    suite = TestSuite("budgets")
    for name, value in {
        "device": report.device.get("device", ""),
        "bundle": report.bundle["id"],
        "channel": report.channel["name"],
        "scores_sha256": report.scores_sha256,
        **report.files,
    }.items():
        suite.add_property(name, _clean(str(value)))
    for verdict in report.verdicts:
        suite.add_testcase(_promise(verdict, _where(report)))
    return suite


def _where(report: HilReport) -> str:
    """Return where log and recording lie, to end the words of a failure with."""
    return "".join(f"; {kind}: {file}" for kind, file in report.files.items())


def _promise(verdict: Verdict, where: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from junitparser import Failure, Skipped, TestCase

    case = TestCase(verdict.name, "budgets", 0.0)
    if verdict.status is Status.BROKEN:
        case.result = [Failure(_clean(f"{verdict.detail}; {verdict.budget.remedy}{where}"), "BrokenPromise")]
    elif verdict.status is not Status.KEPT:
        case.result = [Skipped(_clean(verdict.detail))]
    if verdict.quantity is not None:
        case.system_out = _clean(f"{verdict.quantity}; {verdict.quantity.source}")
    return case


def _segments(report: HilReport):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from junitparser import Failure, TestCase, TestSuite

    suite, seen = TestSuite("segments"), report.seen
    for index, name in enumerate(seen.names):
        case = TestCase(_clean(name), "segments", round(float(seen.wall_s[index]), 4))
        features, scores = int(seen.features_lsb[index]), int(seen.scores_lsb[index])
        if features or scores:
            words = (
                f"features differ by {features} LSB, scores by {scores} LSB from the host's{_where(report)}"
            )
            case.result = [Failure(words, "NotAligned")]
        suite.add_testcase(case)
    return suite


def _clean(text: str) -> str:
    return _ILLEGAL.sub("?", text)
