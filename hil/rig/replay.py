"""A recording judged again, without a device: the same verdict, or the replay says where it leaves the recording."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol.engine import PCM
from hil.budgets import Budget
from hil.recording.file import Recording
from hil.recording.replayed import ReplayDevice
from hil.report.model import HilReport
from hil.rig.observations import Segment
from hil.rig.record import NEVER_PLAYED, end_of, require_recorded_with
from hil.rig.rerecord import Channel
from hil.rig.run import measure


@dataclass(frozen=True)
class Replayed:
    """A run that was replayed.

    Attributes:
        report: As of any run.
        differences: What came out otherwise than when it was recorded, a sentence each; empty where nothing did.
    """

    report: HilReport
    differences: tuple[str, ...]


def replay(recording: Recording, bundle: Bundle) -> Replayed:
    """Judge a recorded run again, with the promises that were in force then.

    Args:
        recording: Of `run_hil`.
        bundle: The bundle that it was made with.

    Raises:
        BundleInvalid: It was made with another bundle.
        ReplayDiverged: This program asks the device for something else than the one that recorded it.
        UndertoneError: What ended the run when it was recorded.
    """
    require_recorded_with(recording, bundle)
    header = recording.header
    never = np.zeros(NEVER_PLAYED, np.int16)
    segments = [
        Segment(one.name, recording.played.get(index, never), one.label, one.speaker, one.keyword)
        for index, one in enumerate(header.segments)
    ]
    device = ReplayDevice(recording)
    report = measure(
        device,
        bundle,
        segments,
        _as_sent,
        Channel.model_validate(header.channel),
        {name: Budget.model_validate(one) for name, one in header.budgets.items()},
    )
    differences = tuple(_differences(recording, report, device.reel.left))
    told = f"Replayed from {recording.path.name}, recorded by {header.code}: no device was asked."
    return Replayed(replace(report, notes=(*report.notes, told, *differences)), differences)


def _as_sent(name: str, pcm: PCM) -> PCM:
    """Return the samples as they are: they were re-recorded when the run was recorded."""
    return pcm


def _differences(recording: Recording, report: HilReport, left: int) -> list[str]:
    then, now = recording.end, end_of(report)
    found = []
    if then.scores_sha256 != now.scores_sha256:
        found.append(f"The scores differ: {now.scores_sha256[:16]} now, {then.scores_sha256[:16]} then.")
    if then.verdict != now.verdict:
        found.append(f"The verdict differs: {now.verdict} now, {then.verdict} then.")
    for name in {**then.statuses, **now.statuses}:
        ends = now.statuses.get(name, "not promised"), then.statuses.get(name, "not promised")
        if ends[0] != ends[1]:
            found.append(f"{name} differs: {ends[0]} now, {ends[1]} then.")
    if left:
        found.append(f"{left} calls of the recording were not asked for.")
    return found
