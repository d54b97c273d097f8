"""A run of the rig as a recording, and a recording as a run again: the same bytes, the same verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from firmware_bridge.base.errors import BundleInvalid, UndertoneError
from firmware_bridge.base.version import full_version
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol.engine import PCM
from hil.budgets import Budget
from hil.devices.base import Device
from hil.recording.file import End, Header, Kind, Noted, Recording, Writer
from hil.recording.recorded import RecordedDevice
from hil.report.model import HilReport
from hil.rig.observations import Segment
from hil.rig.rerecord import Channel
from hil.rig.stream import Play

# Stands for samples that were never sent, as the run ended before: a recording of it ends there, too.
NEVER_PLAYED = 1


class RunTape:
    """A recording that is being made.

    Attributes:
        device: What the run talks to.

    Args:
        writer: The file.
        device: The device under test.
        names: Of the segments, in order.
    """

    def __init__(self, writer: Writer, device: Device, names: Sequence[str]) -> None:
        self.device = RecordedDevice(device, writer)
        self._writer, self._index = writer, {name: index for index, name in enumerate(names)}

    def keeping(self, play: Play) -> Play:
        """Return `play`, with what it returns kept in the recording."""

        def kept(name: str, pcm: PCM) -> PCM:
            played = play(name, pcm)
            place = self._index[name].to_bytes(4, "little")
            self._writer.write(Kind.PLAYED, 0.0, place + played.astype("<i2").tobytes())
            return played

        return kept

    def finish(self, report: HilReport) -> None:
        """End the recording with the run's verdict."""
        self.device.finish(end_of(report))


def end_of(report: HilReport) -> End:
    """Return what a recording says of a run's result."""
    return End(
        verdict=report.verdict,
        statuses={one.name: one.status.value for one in report.verdicts},
        scores_sha256=report.scores_sha256,
        device=dict(report.device),
    )


@contextmanager
def recorded(
    path: Path,
    device: Device,
    bundle: Bundle,
    segments: Sequence[Segment],
    channel: Channel,
    budgets: Mapping[str, Budget],
) -> Iterator[RunTape]:
    """Record a run; one that ends with an error is a recording as well, of that error.

    Raises:
        InvalidSetting: The file cannot be made.
    """
    header = Header(
        code=full_version(),
        bundle=bundle.id,
        bundle_name=bundle.manifest.name,
        device=device.name,
        channel=channel.model_dump(mode="json"),
        budgets={name: budget.model_dump(mode="json") for name, budget in budgets.items()},
        segments=[
            Noted(name=one.name, label=one.label, speaker=one.speaker, keyword=one.keyword)
            for one in segments
        ],
    )
    tape = RunTape(Writer(path, header), device, [one.name for one in segments])
    try:
        yield tape
    except BaseException as error:
        what = error.what if isinstance(error, UndertoneError) else repr(error)
        tape.device.finish(End(verdict=f"error: {what}"))
        raise


def require_recorded_with(recording: Recording, bundle: Bundle) -> None:
    """Refuse to replay with another bundle than the one that was recorded; prints both ids."""
    wanted = recording.header.bundle
    if wanted != bundle.id:
        raise BundleInvalid(
            f"{recording.path} was recorded with bundle {wanted[:16]} ({recording.header.bundle_name}), "
            f"{bundle.directory} is {bundle.id[:16]}",
            "name the bundle that was recorded: --bundle DIR",
        )
