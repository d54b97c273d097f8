"""The client against a device on a line that loses, changes, repeats and delays bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.protocol import (
    LIMITS,
    DeviceServer,
    Frame,
    FrameDecoder,
    FrameFault,
    Kind,
    MemoryMarks,
    decode,
    encode,
    encode_frame,
    messages,
)
from firmware_bridge.protocol.engine import NO_SLOT
from firmware_bridge.protocol.loopback import LoopbackEngine
from firmware_bridge.protocol.segment import STAGES
from hil.client.client import DeviceClient
from hil.client.conversation import DeviceRefused
from hil.link.chaos import Faults, FaultyLink
from hil.link.link import Link
from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing

ENGINE = LoopbackEngine()
TIMING = Timing(reply_s=0.5, window_s=0.5, features_s=0.5)


def memory_link() -> MemoryLink:
    return MemoryLink(DeviceServer(ENGINE, ENGINE.identity, lambda: MemoryMarks(1, 2, 3)))


def client_on(link: Link) -> DeviceClient:
    return DeviceClient(link, TIMING, session=77)


def speech(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-32768, 32768, samples).astype(np.int16)


@pytest.mark.parametrize("samples", [1, 479, 480, 481, 1600, 9000])
def test_a_segment_is_scored_right(samples: int) -> None:
    client, pcm = client_on(memory_link()), speech(samples)
    result = client.score_segment(pcm)
    want = ENGINE.score_segment(pcm)
    assert np.array_equal(result.acoustic, want.acoustic)
    assert np.array_equal(result.keyword, want.keyword)
    assert np.array_equal(result.fused, want.fused)
    assert result.windows == len(ENGINE.segment_features(pcm)) == client.identity.windows(samples)
    assert (result.ram_peak_bytes, result.stack_peak_bytes) == (2, 3)
    assert result.scales["fused"] == (1 / 256, -128)


def test_features_come_whole_with_and_without_scoring_first() -> None:
    client, pcm = client_on(memory_link()), speech(2500)
    want = ENGINE.segment_features(pcm)
    for _ in range(2):
        got = client.features(pcm)
        assert len(got) == len(want) == 3
        assert all(np.array_equal(a, b) for a, b in zip(got, want, strict=True))
        client.score_segment(pcm)


def test_features_survive_a_device_that_forgot() -> None:
    link = memory_link()
    client, pcm = client_on(link), speech(2000)
    client.score_segment(pcm)
    link.server = DeviceServer(ENGINE, ENGINE.identity)  # it was reset
    assert np.array_equal(client.features(pcm)[0], ENGINE.segment_features(pcm)[0])


def test_features_are_those_of_the_segment_asked_for() -> None:
    client, first, second = client_on(memory_link()), speech(1600, 1), speech(1600, 2)
    client.score_segment(first)
    assert np.array_equal(client.features(second)[0], ENGINE.segment_features(second)[0])
    assert np.array_equal(client.features(first)[0], ENGINE.segment_features(first)[0])


def test_a_late_reply_to_an_earlier_request_is_not_taken_for_the_present_one() -> None:
    class Echoing(MemoryLink):
        """Delivers the reply before last once more, ahead of the present one."""

        before = b""

        def read(self, deadline: float) -> bytes:
            data = super().read(deadline)
            late, self.before = self.before, data or self.before
            return late + data

    client = client_on(Echoing(DeviceServer(ENGINE, ENGINE.identity)))
    good = [client.stats().frames_good for _ in range(4)]
    assert good == [1, 2, 3, 4]


def test_a_lost_end_of_frame_costs_one_attempt_not_two() -> None:
    class Clipping(MemoryLink):
        """Loses the last byte of the first thing that is sent: the frame never ends."""

        def write(self, data: bytes, deadline: float) -> None:
            first = self.now() == 0
            super().write(data[:-1] if first else data, deadline)

    link = Clipping(DeviceServer(ENGINE, ENGINE.identity))
    assert DeviceClient(link, Timing(attempts=2), session=1).hello().labels == 4


def test_stats_and_reset() -> None:
    client = client_on(memory_link())
    client.score_segment(speech(1000))
    assert client.stats().segments_scored == 1
    client.reset()
    assert client.stats().frames_bad == 0


RATE = st.floats(0, 0.3)
FAULTS = st.builds(Faults, drop=RATE, duplicate=RATE, flip=RATE, split=RATE, stall=RATE, noise=RATE)


@settings(max_examples=120, deadline=None)
@given(FAULTS, st.integers(0, 10**6), st.integers(1, 6000))
def test_right_data_or_a_typed_error_before_the_deadline(faults: Faults, seed: int, samples: int) -> None:
    link = FaultyLink(memory_link(), faults, seed)
    client, pcm = client_on(link), speech(samples, seed)
    try:
        limit = client.limit_s(samples)
    except DeviceError:
        return
    started = link.now()
    try:
        result = client.score_segment(pcm)
    except DeviceError as error:
        assert error.what
        assert error.remedy
    else:
        want = ENGINE.score_segment(pcm)
        assert np.array_equal(result.fused, want.fused)
        assert np.array_equal(result.acoustic, want.acoustic)
    assert link.now() - started <= limit


@pytest.mark.parametrize("fault", ["drop", "duplicate", "flip", "split", "stall", "noise"])
def test_every_single_fault_is_ridden_out(fault: str) -> None:
    """At one block in fifty nothing may be lost: retries must mend it, not merely report it."""
    good = 0
    for seed in range(15):
        link = FaultyLink(memory_link(), Faults(**{fault: 0.02}), seed)
        pcm = speech(8000, seed)
        result = client_on(link).score_segment(pcm)
        good += np.array_equal(result.fused, ENGINE.score_segment(pcm).fused)
    assert good == 15


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40))
def test_a_pulled_cable_is_said(blocks: int) -> None:
    link = FaultyLink(memory_link(), Faults(unplug_after=blocks), 0)
    pcm = speech(6000)
    try:
        assert np.array_equal(client_on(link).score_segment(pcm).fused, ENGINE.score_segment(pcm).fused)
    except DeviceError as error:
        assert "went away" in error.what
        assert error.remedy


class Mute(MemoryLink):
    """A port on which something else talks."""

    def __init__(self, says: Callable[[], bytes]) -> None:
        super().__init__(DeviceServer(ENGINE, ENGINE.identity))
        self._says = says

    def write(self, data: bytes, deadline: float) -> None:
        self._inbox += self._says()


def test_silence_noise_and_another_version_are_told_apart() -> None:
    whole = encode_frame(Frame(Kind.RESET_DONE, 9, b""))
    cases = [
        (b"", "not a single byte", "power"),
        (b"Booting...\r\n\0", "none of them a frame", "another program"),
        (encode_frame(Frame(Kind.IDENTITY, 78, b""), version=4), "version 4", "flash"),
        (whole[:4] + bytes([whole[4] ^ 4]) + whole[5:] + whole, "damaged", "cable"),
    ]
    for says, what, remedy in cases:
        client = client_on(Mute(lambda says=says: says))
        with pytest.raises(DeviceSilent) as caught:
            client.hello()
        assert what in caught.value.what
        assert remedy in caught.value.remedy


def test_a_device_that_babbles_for_ever_does_not_hold_the_host() -> None:
    class Babbling(Mute):
        def read(self, deadline: float) -> bytes:
            self.pass_time(0.01)
            return b"x" * 50

    link = Babbling(lambda: b"")
    with pytest.raises(DeviceSilent):
        client_on(link).hello()
    assert link.now() < TIMING.call_s(4096, link.bytes_per_second, 0) + 0.1


def test_refusals_reach_the_user() -> None:
    client = client_on(memory_link())
    with pytest.raises(DeviceRefused, match="too_short"):
        client.score_segment(speech(0))
    with pytest.raises(DeviceRefused, match="too_long"):
        client.score_segment(np.zeros(LIMITS["segment_samples"] + 1, np.int16))
    assert client.score_segment(speech(100)).windows == 1, "and the client is still of use"


def test_a_device_without_a_bundle_can_be_greeted_but_not_used() -> None:
    empty = dataclasses.replace(ENGINE.identity, bundle="", labels=0, keywords=0, slot=NO_SLOT)
    client = client_on(MemoryLink(DeviceServer(None, empty)))
    assert not client.hello().has_bundle
    with pytest.raises(DeviceRefused, match="no_bundle") as caught:
        client.score_segment(speech(100))
    assert "undertone update" in caught.value.remedy
    with pytest.raises(DeviceRefused, match="not_capable"):
        client.ask(messages.Listen(mode=1))


def test_times_are_counted_in_the_devices_own_ticks() -> None:
    """A chip's cycles become microseconds by the rate that it names."""

    class Fast(MemoryLink):
        def read(self, deadline: float) -> bytes:
            found = FrameDecoder().push(super().read(deadline))
            return b"".join(map(self.translated, found))

        def translated(self, frame: Frame | FrameFault) -> bytes:
            assert isinstance(frame, Frame)
            message = decode(frame.kind, frame.payload)
            changed = {"identity": {"cycles_per_us": 792}, "result": {"acoustic_cycles": 79200}}
            fields = dict(message.fields) | changed.get(message.name, {})
            return encode_frame(Frame(frame.kind, frame.sequence, encode(message.name, **fields)))

    result = client_on(Fast(DeviceServer(ENGINE, ENGINE.identity))).score_segment(speech(100))
    assert result.stage_us["acoustic"] == 100.0
    assert set(result.stage_us) == set(STAGES)


@pytest.mark.parametrize("change", [{"hop_samples": 0}, {"channels": 0}, {"labels": 5}, {"channels": 37}])
def test_a_device_that_contradicts_itself_is_refused(change: dict[str, int]) -> None:
    class Lying(MemoryLink):
        def read(self, deadline: float) -> bytes:
            return super().read(deadline)

    identity = type(ENGINE.identity)(**(ENGINE.identity.__dict__ | change))
    client = client_on(Lying(DeviceServer(ENGINE, identity)))
    pcm = speech(500)
    with pytest.raises(DeviceError, match="contradicts itself"):
        client.score_segment(pcm)
        client.features(pcm)


def test_two_hosts_one_after_the_other_do_not_meet_each_others_replies() -> None:
    link = memory_link()
    first, second = speech(1000, 1), speech(1000, 2)
    for pcm in (first, second, first):
        client = DeviceClient(link, TIMING, session=5)
        assert np.array_equal(client.score_segment(pcm).fused, ENGINE.score_segment(pcm).fused)


def test_a_lost_chunk_costs_one_window_of_chunks_not_the_segment() -> None:
    sent: list[int] = []

    class Counting(MemoryLink):
        def write(self, data: bytes, deadline: float) -> None:
            is_audio = len(data) > 900
            sent.append(len(data)) if is_audio else None
            super().write(b"" if is_audio and len(sent) == 20 else data, deadline)

    pcm = speech(480 * 50)
    link = Counting(DeviceServer(ENGINE, ENGINE.identity))
    DeviceClient(link, Timing(reply_s=20), session=7).score_segment(pcm)
    assert 50 < len(sent) <= 50 + 2 * LIMITS["chunks_in_flight"]
    assert link.now() < 2.0, "mended by the device's own word, not by waiting for a time-out"


def test_encoding_is_what_the_device_reads() -> None:
    assert encode("hello", session=1) == b"\x01\x00\x00\x00"
