"""One run of the rig: start the device, stream, check, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_bridge.base.events import Ended, JsonLines, listening, stage, step
from firmware_bridge.base.progress import note, tell
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.engine import bundle_identity
from hil.budgets import Budget
from hil.checks import verdicts
from hil.checks.accuracy import leaked_speakers
from hil.chip.stages import describe_chip
from hil.devices.base import Device
from hil.report import HilReport, write_report
from hil.report.model import scorecards
from hil.report.origin import origin_of
from hil.report.previous import no_longer_measured
from hil.rig.observations import Chip, Observations, Segment
from hil.rig.record import recorded
from hil.rig.rerecord import Channel, Noise, Room, through
from hil.rig.stream import Play, observe, require_segments
from hil.selftest import require_gate, self_test

__all__ = ["HilReport", "Segment", "measure", "run_hil"]

LOG = "events.jsonl"


def run_hil(
    device: Device,
    bundle: Bundle,
    segments: Sequence[Segment],
    channel: Channel,
    budgets: Mapping[str, Budget],
    out_dir: Path,
    *,
    rooms: Sequence[Room] = (),
    noises: Sequence[Noise] = (),
    chip: Chip | None = None,
    record: Path | None = None,
) -> HilReport:
    """Stream segments through a device and judge it.

    Args:
        device: Started and stopped here.
        bundle: What the device must run.
        segments: Clips of speakers that the model has not heard.
        channel: What happens to them on the way.
        budgets: The promises.
        out_dir: `report.json`, `junit.xml`, `report.html` and `events.jsonl` are written there.
        rooms: For the channel.
        noises: For the channel.
        chip: What is known of the chip; analysed from the bundle by default.
        record: Where to keep what passes between host and device.

    Returns:
        The report; `report.passed` says whether every promise was kept.

    Raises:
        UndertoneError: The device cannot be used, or the segments do not fit the bundle.
        CheckFailed: The gate let a planted regression through.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    log = out_dir / LOG
    log.unlink(missing_ok=True)
    play = through(channel, rooms, noises)
    with ExitStack() as stack:
        stack.enter_context(listening(JsonLines(log)))
        if record is not None:
            tape = stack.enter_context(recorded(record, device, bundle, segments, channel, budgets))
            device, play = tape.device, tape.keeping(play)
        report = measure(
            device, bundle, segments, play, channel, budgets, chip=chip, before=out_dir / "report.json"
        )
        if record is not None:
            tape.finish(report)
    files = {"log": str(log)} | ({"recording": str(record)} if record is not None else {})
    report = replace(report, files=files)
    for kind, path in write_report(report, out_dir).items():
        tell(f"{kind}: {path}")
    return report


def measure(
    device: Device,
    bundle: Bundle,
    segments: Sequence[Segment],
    play: Play,
    channel: Channel,
    budgets: Mapping[str, Budget],
    *,
    chip: Chip | None = None,
    before: Path | None = None,
) -> HilReport:
    """Stream segments through a device and judge it; nothing is written.

    Args:
        device: Started and stopped here.
        bundle: What the device must run.
        segments: Clips of speakers that the model has not heard.
        play: What happens to them on the way.
        channel: What the report says of that.
        budgets: The promises.
        chip: What is known of the chip; analysed from the bundle by default.
        before: An earlier report: what it measured must not go missing unnoticed.

    Raises:
        UndertoneError: The device cannot be used, or the segments do not fit the bundle.
        CheckFailed: The gate let a planted regression through.
    """
    require_segments(segments, bundle)
    identity, ended = bundle_identity(bundle), Ended()
    with listening(ended), stage("hil"):
        if chip is None:
            with step("analysing the networks"):
                chip = describe_chip(bundle, identity.frames, identity.channels)
        with ExitStack() as started:
            with step(f"starting {device.name}"):
                started.enter_context(device)
            seen = observe(device, bundle, segments, play, chip)
            device_facts = device.describe()
        with step("checking the promises"):
            planted = self_test(seen, budgets)
            require_gate(planted)
            reached = verdicts(seen, budgets)
    lost = no_longer_measured(before, reached) if before is not None else []
    for line in lost:
        note(line)
    return HilReport(
        device=device_facts,
        bundle=_bundle_facts(bundle),
        channel=channel.model_dump(mode="json"),
        seen=seen,
        verdicts=reached,
        cards=scorecards(seen),
        gate=tuple(planted),
        steps=tuple(ended.spans),
        notes=(*lost, *_notes(device_facts, seen, bundle)),
        made_from=origin_of(bundle.manifest),
    )


def _bundle_facts(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "id": bundle.id,
        "name": manifest.name,
        "corpus": ", ".join(f"{part}: {name}" for part, name in manifest.corpus.items()),
        "split": manifest.split.hash,
        "git": manifest.git_revision,
        "speech": manifest.speech,
        "licences": "; ".join(f"{one.name}: {one.licence}" for one in manifest.licences) or "none recorded",
    }


def _notes(device: Mapping[str, Any], seen: Observations, bundle: Bundle) -> tuple[str, ...]:
    """Return what a reader must know before believing a figure."""
    notes = []
    if seen.left_out:
        total = len(seen.names) + len(seen.left_out)
        notes.append(
            f"PARTIAL: {len(seen.left_out)} of {total} segments have no scores, from {seen.left_out[0]} on."
        )
    notes += [*seen.health, *(f"The device was lost: {incident}." for incident in seen.incidents)]
    if "stand_in" in device:
        notes.append(str(device["stand_in"]) + ".")
    if derived := [n for n, model in bundle.manifest.models.items() if model.compiled_evidence == "derived"]:
        notes.append(
            f"The compiled networks {' and '.join(derived)} are derived from templates: no compiler made them, and "
            "they have run on no chip."
        )
    if not all(model.compiled for model in seen.models):
        notes.append("The Edge TPU compiler was not used: sizes are those of the int8 files.")
    if seen.speech != "real":
        notes.append("All speech is synthetic: the figures say nothing about people.")
    if leaked := leaked_speakers(seen):
        notes.append(f"No score is printed: the model has heard {', '.join(leaked)}.")
    if not bundle.manifest.commercial:
        notes.append("This bundle was made with material whose terms do not allow commercial use.")
    return tuple(notes)
