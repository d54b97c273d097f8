"""A run of the rig as one side of a comparison: all of it is read from its `report.json`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Evidence, Quantity
from hil.compare.sides import Clip, Output, Side
from hil.report.origin import flat
from hil.report.schema import Memory, Report, Scored, read_report

REPORT = "report.json"


def are_runs(first: Path, second: Path, corpus: str | None = None) -> bool:
    """Return whether two paths are runs (reports, or folders with one) rather than bundles.

    Args:
        first: A path.
        second: Another.
        corpus: What bundles are to answer to; runs have answered already.

    Raises:
        InvalidSetting: One is a run and the other is none, or a corpus is named for runs.
    """
    one, two = (place.suffix == ".json" or (place / REPORT).is_file() for place in (first, second))
    if one != two:
        run, other = (first, second) if one else (second, first)
        raise InvalidSetting(
            f"{run} is a run of the rig, {other} is none",
            "compare two bundles, or two runs (folders with a report.json)",
        )
    if one and corpus is not None:
        raise InvalidSetting("runs have answered to their clips already", "leave --corpus out")
    return one


def run_side(place: Path) -> Side:
    """Return the side of a run.

    Args:
        place: A `report.json`, or the folder that `undertone hil --out` names.

    Raises:
        InvalidSetting: The report is missing, damaged, or of another format.
    """
    report = read_report(place if place.suffix == ".json" else place / REPORT)
    code = report.made_from.get("code")
    return Side(
        kind="run",
        place=str(place),
        bundle=str(report.bundle.get("id", "")),
        figures={
            "bytes": {f"{one.name} network": _bytes(one.bytes, "the file") for one in report.networks},
            "stages of one decision": report.latency,
            "memory": memory_figures(report.memory),
            "promises": {one.name: one.figure for one in report.budgets if one.figure is not None},
        },
        made_from=flat({key: value for key, value in report.made_from.items() if key != "code"}),
        code=str(code or "unknown"),
        outputs=_outputs(report) if report.scores else {},
        why_not="" if report.scores else "a scored speaker was heard in training, so no score is printed",
        conditions={
            "device": report.device.get("device"),
            "channel": report.channel,
            "segments without scores": len(report.left_out),
        },
        evidence=report.score_evidence,
        speech=next(iter(report.scores.values())).evidence if report.scores else "",
    )


def memory_figures(memory: Iterable[Memory]) -> dict[str, Quantity]:
    """Return the bytes that are taken of each memory, and of each part of it below its name."""
    found = {}
    for one in memory:
        worth = Evidence(one.evidence)
        found[one.name] = Quantity(one.used_bytes, "bytes", worth, source=one.source)
        for part, count in one.parts.items():
            found[f"{one.name}: {part}"] = Quantity(count, "bytes", worth, source=one.source)
    return found


def _bytes(count: int, source: str) -> Quantity:
    return Quantity(count, "bytes", Evidence.MEASURED, source=source)


def _outputs(report: Report) -> dict[str, Output]:
    """Return acoustic and fused answers of all segments, and keyword answers of those that ask for one."""
    asked = [one for one in report.segments if one.keyword_label is not None]
    outputs = {name: _output(report.labels, report.segments, "label", name) for name in ("acoustic", "fused")}
    return outputs | (
        {"keyword": _output(report.keywords, asked, "keyword_label", "keyword")} if asked else {}
    )


def _output(labels: list[str], segments: list[Scored], truth: str, heard: str) -> Output:
    return Output(
        tuple(labels),
        {one.name: Clip(one.speaker, str(getattr(one, truth))) for one in segments},
        {one.name: str(getattr(one, heard)) for one in segments},
    )
