"""Recordings from the firmware's own core: every sample in its place, every lost one accounted for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.ports.host.build import build_core
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library
from firmware_bridge.ports.host.microphone import RecordedMicrophone
from firmware_bridge.protocol import messages
from hil.client import capture
from hil.client.capture import Recording, record
from hil.client.client import DeviceClient
from hil.client.conversation import DeviceRefused
from tests.support.tiny_bundle import make_manifest

SPEECH = np.random.default_rng(5).integers(-9000, 9000, 40_000).astype(np.int16)


class Clock:
    """Seconds that pass when somebody waits, or when the test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class CoreLink:
    """A link to the core in this process. Each exchange takes `exchange_s` of the clock's time."""

    bytes_per_second = 1e6

    def __init__(self, device: HostDevice, clock: Clock, exchange_s: float) -> None:
        self.device, self.clock, self.exchange_s = device, clock, exchange_s
        self._inbox = b""

    def now(self) -> float:
        return self.clock()

    def write(self, data: bytes, deadline: float) -> None:
        self.clock.sleep(self.exchange_s)
        self.device.poll()
        self._inbox += self.device.receive(data)

    def read(self, deadline: float) -> bytes:
        data, self._inbox = self._inbox, b""
        if not data:
            self.clock.seconds = max(self.clock.seconds, deadline)
        return data

    def purge(self) -> None:
        self._inbox = b""

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    from firmware_bridge.contract.bundle import write_bundle

    manifest, files = make_manifest()
    return Library(build_core(write_bundle(tmp_path_factory.mktemp("bundles") / "tiny", manifest, files)))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(capture.time, "sleep", made.sleep)
    return made


def client(library: Library, clock: Clock, exchange_s: float = 0.005, timed: bool = True) -> DeviceClient:
    microphone = RecordedMicrophone(SPEECH, clock if timed else None)
    device = HostDevice(library, None, microphone=microphone, clock=clock)
    return DeviceClient(CoreLink(device, clock, exchange_s))


def test_every_sample_in_its_place(library: Library, clock: Clock) -> None:
    heard = record(client(library, clock), 2.0, clock)
    np.testing.assert_array_equal(heard.pcm, SPEECH[:32_000])
    assert (heard.gaps, heard.lost_samples, heard.seconds) == ((), 0, 2.0)
    assert clock.seconds == pytest.approx(2.0, abs=0.2)


def test_a_length_that_is_no_whole_step(library: Library, clock: Clock) -> None:
    assert len(record(client(library, clock), 0.333, clock).pcm) == 5328


def test_a_second_recording_starts_anew(library: Library, clock: Clock) -> None:
    talk = client(library, clock)
    first = record(talk, 0.3, clock)
    np.testing.assert_array_equal(record(talk, 0.3, clock).pcm, first.pcm)


def test_a_link_that_is_too_slow_costs_samples_but_no_time(library: Library, clock: Clock) -> None:
    """480 samples are 30 ms of sound; here each fetch takes 60."""
    heard = record(client(library, clock, exchange_s=0.06), 8.0, clock)
    assert heard.gaps
    assert heard.lost_samples >= sum(count for _, count in heard.gaps)
    kept = np.ones(len(heard.pcm), bool)
    for at, count in heard.gaps:
        kept[at : at + count] = False
        assert not heard.pcm[at : at + count].any()
    known = kept & (np.arange(len(heard.pcm)) < len(SPEECH))
    np.testing.assert_array_equal(heard.pcm[known], SPEECH[np.flatnonzero(known)])


def test_a_device_without_a_microphone(library: Library, clock: Clock) -> None:
    talk = DeviceClient(CoreLink(HostDevice(library, None, clock=clock), clock, 0.001))
    with pytest.raises(DeviceRefused, match="no microphone"):
        record(talk, 1.0, clock)


def test_a_microphone_that_falls_silent(library: Library, clock: Clock) -> None:
    """Untimed, the stand-in gives what it has and then nothing."""
    with pytest.raises(DeviceSilent, match="gave nothing for 3 s"):
        record(client(library, clock, timed=False), 3.0, clock)


def test_an_interrupt_keeps_what_has_come(
    library: Library, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = client(library, clock)

    def steps(items: Any, title: str) -> Any:
        yield from list(items)[:5]
        raise KeyboardInterrupt

    monkeypatch.setattr(capture, "track", steps)
    heard = record(talk, 2.0, clock)
    assert 8000 <= len(heard.pcm) < 9000
    np.testing.assert_array_equal(heard.pcm, SPEECH[: len(heard.pcm)])


def test_a_device_that_goes_back_in_time(clock: Clock) -> None:
    class Confused:
        calls = 0

        def ask(self, request: messages.Request) -> messages.Reply:
            if not isinstance(request, messages.GetCapture):
                return messages.Listening(mode=0)
            self.calls += 1
            offset = 0 if self.calls < 2 else 100
            return messages.Captured(offset, 480, 0, np.ones(480, np.int16))

    with pytest.raises(DeviceError, match="sends sample 100 again, 480 was due"):
        record(Confused(), 1.0, clock)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pcm", "peak", "rms", "clipped"),
    [
        ([], -120.0, -120.0, 0),
        ([0, 0], -120.0, -120.0, 0),
        ([-32768, 32767], 0.0, 0.0, 2),
        ([16384, -16384], -6.02, -6.02, 0),
        ([3277, 0], -20.0, -23.0, 0),
    ],
)
def test_levels(pcm: list[int], peak: float, rms: float, clipped: int) -> None:
    heard = Recording(np.array(pcm, np.int16), (), 0)
    assert heard.peak_dbfs == pytest.approx(peak, abs=0.02)
    assert heard.rms_dbfs == pytest.approx(rms, abs=0.02)
    assert heard.clipped == clipped
