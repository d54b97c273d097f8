"""A recorded line, played back: the same answers, errors and clock; or the replay says where it leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceSilent
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from hil.client.client import DeviceClient
from hil.link.link import Link, LinkLost
from hil.recording import RecordedDevice, Recording, ReplayDevice, ReplayDiverged, read_recording
from hil.recording.file import End, Header, Writer
from hil.rig.observations import Segment
from tests.support.in_memory import InMemory

HEADER = Header(
    code="0.1.0 (abc)", bundle="b" * 64, bundle_name="tiny", device="x", channel={}, budgets={}, segments=[]
)


def recorded(path: Path, device: InMemory) -> RecordedDevice:
    return RecordedDevice(device, Writer(path, HEADER))


def finished(path: Path, device: RecordedDevice) -> Recording:
    device.finish(End(verdict="kept", device=device.describe()))
    return read_recording(path)


def test_a_client_gets_the_same_answers(bundle: Bundle, segments: list[Segment], tmp_path: Path) -> None:
    pcm = segments[0].pcm
    answers = []
    device = recorded(tmp_path / "run.rec", InMemory(ReferenceDevice(bundle)))
    recording: Recording | None = None
    for _ in range(2):
        with ReplayDevice(recording) if recording else device as under_test:
            assert under_test.evidence is Evidence.EMULATED
            assert under_test.keeps_time
            client = DeviceClient(under_test.link(), session=under_test.new_session())
            result, features = client.score_segment(pcm), client.features(pcm)
            assert under_test.describe() == {"device": "in memory"}
        answers.append((result.fused.tolist(), result.seconds, [one.tolist() for one in features]))
        recording = recording or finished(tmp_path / "run.rec", device)
    assert answers[0] == answers[1], "times as well"
    assert answers[0][1] > 0


class Script:
    """A line that does what a list says, one step a read; the clock moves by a second a call."""

    bytes_per_second = 1000.0

    def __init__(self, steps: list[bytes | Exception]) -> None:
        self._steps, self._time = steps, 100.0

    def now(self) -> float:
        self._time += 1.0
        return self._time

    def write(self, data: bytes, deadline: float) -> None:
        if data == b"bad":
            raise DeviceSilent("it takes no more bytes", "reset it")

    def read(self, deadline: float) -> bytes:
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def purge(self) -> None:
        """Nothing is dropped."""

    def close(self) -> None:
        """Nothing to close."""


class Scripted(InMemory):
    def __init__(self, steps: list[bytes | Exception]) -> None:
        self._steps = steps

    def link(self) -> Link:
        return Script(self._steps)

    def relink(self) -> Link:
        raise LinkLost("not there yet", "wait")


@pytest.fixture
def replayed(tmp_path: Path) -> ReplayDevice:
    """What was written is `one`; what was read `a`, nothing, and a loss of the line; it was not found again."""
    device = recorded(tmp_path / "run.rec", Scripted([b"a", b"", LinkLost("it went away", "look")]))
    with device:
        link = device.link()
        link.purge()
        link.write(b"one", 0.0)
        assert link.now() > 100
        assert link.read(0.0) == b"a"
        assert link.read(0.0) == b""
        with pytest.raises(LinkLost):
            link.read(0.0)
        with pytest.raises(LinkLost):
            device.relink()
        with pytest.raises(DeviceSilent):
            link.write(b"bad", 0.0)
    return ReplayDevice(finished(tmp_path / "run.rec", device))


def opened(device: ReplayDevice) -> Link:
    device.start()
    return device.link()


def test_errors_are_raised_again(replayed: ReplayDevice) -> None:
    link = opened(replayed)
    assert link.bytes_per_second == 1000.0
    link.purge()
    link.write(b"one", 0.0)
    assert link.now() > 100
    assert link.read(0.0) == b"a"
    assert link.read(0.0) == b""
    with pytest.raises(LinkLost, match="it went away") as caught:
        link.read(0.0)
    assert caught.value.remedy == "look"
    with pytest.raises(LinkLost, match="not there yet"):
        replayed.relink()
    assert replayed.reel.left == 1
    with pytest.raises(DeviceSilent, match="takes no more"):
        link.write(b"bad", 0.0)
    assert replayed.reel.left == 0
    with pytest.raises(ReplayDiverged, match=r"asks for more \(read\) than was recorded"):
        link.read(0.0)


def test_other_bytes_end_the_replay(replayed: ReplayDevice) -> None:
    link = opened(replayed)
    link.purge()
    with pytest.raises(ReplayDiverged, match=r"after \d+\.\d{3} s: this host sends other bytes") as caught:
        link.write(b"two", 0.0)
    assert caught.value.remedy.endswith("0.1.0 (abc)")


def test_another_call_ends_the_replay(replayed: ReplayDevice) -> None:
    with pytest.raises(ReplayDiverged, match="does read where it did purge"):
        opened(replayed).read(0.0)


def test_a_clock_that_is_read_more_or_less_often_stands_where_it_stood(replayed: ReplayDevice) -> None:
    link = opened(replayed)
    link.purge()
    link.write(b"one", 0.0)
    times = [link.now() for _ in range(3)]
    assert times[0] == times[1] == times[2], "one reading was recorded"
    assert link.read(0.0) == b"a"
    assert link.now() > times[0]


def test_the_device_that_did_not_start_does_not_start_again(tmp_path: Path) -> None:
    class Dead(InMemory):
        def start(self) -> None:
            raise DeviceSilent("not a single byte came", "check the power")

    device = recorded(tmp_path / "run.rec", Dead.__new__(Dead))
    with pytest.raises(DeviceSilent), device:
        raise AssertionError("started")
    device.finish(End(verdict="error"))
    replayed = ReplayDevice(read_recording(tmp_path / "run.rec"))
    with pytest.raises(DeviceSilent, match="not a single byte"), replayed:
        raise AssertionError("started")


def test_ending_twice_is_ending_once(tmp_path: Path) -> None:
    device = recorded(tmp_path / "run.rec", Scripted([]))
    device.finish(End(verdict="kept"))
    device.finish(End(verdict="broken"))
    assert read_recording(tmp_path / "run.rec").end.verdict == "kept"


def test_times_of_the_recorded_line_pass_through(tmp_path: Path) -> None:
    device = recorded(tmp_path / "run.rec", Scripted([b"a"]))
    with device:
        link = device.link()
        before = link.now()
        assert np.isclose(link.now() - before, 1.0)
        link.close()
    assert device.now() <= device.now()
    device.pause(0.0)
