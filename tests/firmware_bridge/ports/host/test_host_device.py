"""The core in this process: what its port gives it, takes from it, and fails at."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import EnvironmentLacking, InvalidSetting, ModelInvalid
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.flash_file import FileFlash
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library
from firmware_bridge.ports.host.microphone import RecordedMicrophone
from firmware_bridge.protocol import (
    TABLE,
    ErrorCode,
    Frame,
    FrameDecoder,
    Kind,
    MemoryMarks,
    Message,
    decode,
    encode,
    encode_frame,
)
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.simulated_tpu import Int8Network

SLOT_BYTES = 64 * 1024


class Bench:
    """A device, and a host that asks it."""

    def __init__(self, library: Library, flash: Flash | None, **options: Any) -> None:
        self.device = HostDevice(library, flash, **options)
        self.sequence = 0

    def ask(self, name: str, **fields: Any) -> Message:
        self.sequence += 1
        request = encode_frame(Frame(int(Kind[name.upper()]), self.sequence, encode(name, **fields)))
        (found,) = FrameDecoder().push(self.device.receive(request))
        assert isinstance(found, Frame)
        return decode(found.kind, found.payload)

    def send(self, pcm: np.ndarray) -> None:
        assert self.ask("begin", segment=1, samples=len(pcm)).name == "ready"
        for at in range(0, len(pcm), 480):
            payload = encode("audio", segment=1, offset=at, pcm=pcm[at : at + 480])
            self.device.receive(encode_frame(Frame(int(Kind.AUDIO), at % 1000, payload)))


@pytest.fixture(scope="module")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle, compiled=False)


@pytest.fixture
def bench(library: Library, image: bytes) -> Bench:
    return Bench(library, Flash(SLOT_BYTES, [image]), memory=lambda: MemoryMarks(1, 2, 3))


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(-9000, 9000, count).astype(np.int16)


def test_it_says_what_it_is(bench: Bench, bundle: Bundle) -> None:
    identity = bench.ask("hello", session=1)
    models = bundle.manifest.models
    assert (identity.bundle, identity.slot, identity.evidence) == (bundle.id, 0, "simulated")
    assert identity.acoustic_sha256 == models["acoustic"].sha256
    assert identity.keyword_sha256 == models["keyword"].sha256
    assert identity.frontend == bundle.manifest.table_hash
    assert identity.capabilities == TABLE.capabilities["update"]


def test_times_are_counted_per_stage(bench: Bench) -> None:
    pcm = noise(30000)
    bench.send(pcm)
    result = bench.ask("end", segment=1, checksum=zlib.crc32(pcm.tobytes()))
    assert result.windows == 6
    assert 0 < result.tail_cycles <= result.features_cycles
    assert result.acoustic_cycles > 0
    stats = bench.ask("get_stats")
    assert stats.features_cycles >= result.features_cycles
    assert stats.longest_window_cycles >= result.acoustic_cycles // 6
    assert (stats.ram_bytes, stats.ram_peak_bytes, stats.stack_peak_bytes) == (1, 2, 3)
    assert stats.receive_peak_bytes > 900, "a frame of audio"
    assert stats.temperature_mc == -(2**31), "unknown"


class Failing(Int8Network):
    def run(self, features: np.ndarray) -> np.ndarray:
        raise RuntimeError("the chip hangs")


def test_a_network_that_fails_is_an_answer(library: Library, image: bytes) -> None:
    bench = Bench(library, Flash(SLOT_BYTES, [image]), network=Failing)
    bench.send(noise(8000))
    reply = bench.ask("end", segment=1, checksum=zlib.crc32(noise(8000).tobytes()))
    assert reply.code == ErrorCode.INTERNAL


def broken(_: bytes) -> Int8Network:
    raise ModelInvalid("not a network", "")


def lacking(_: bytes) -> Int8Network:
    raise EnvironmentLacking("no TFLite runtime is installed", "install one")


def test_networks_that_do_not_load_leave_a_device_without_a_bundle(library: Library, image: bytes) -> None:
    bench = Bench(library, Flash(SLOT_BYTES, [image]), network=broken)
    assert bench.device.slot == -1
    assert bench.ask("hello", session=1).slot == 255
    assert bench.ask("begin", segment=1, samples=5).code == ErrorCode.NO_BUNDLE


def test_what_fails_in_python_is_raised_not_swallowed(library: Library, image: bytes) -> None:
    with pytest.raises(EnvironmentLacking, match="no TFLite runtime"):
        HostDevice(library, Flash(SLOT_BYTES, [image]), network=lacking)


def test_an_arena_beyond_the_limit_is_not_loaded(library: Library, image: bytes) -> None:
    assert Bench(library, Flash(SLOT_BYTES, [image]), arena_bytes=1024).device.slot == -1


def test_the_second_slot_is_used_where_the_first_is_damaged(library: Library, image: bytes) -> None:
    damaged = bytearray(image)
    damaged[5000] ^= 1
    assert Bench(library, Flash(SLOT_BYTES, [bytes(damaged), image])).device.slot == 1


def test_live_scores_are_the_references(library: Library, image: bytes, bundle: Bundle) -> None:
    """Three seconds heard; the mean of the last three windows' fused scores is the smoothed one."""
    pcm = noise(48000)
    bench = Bench(library, Flash(SLOT_BYTES, [image]), microphone=RecordedMicrophone(pcm, clock=None))
    assert bench.ask("get_live").code == ErrorCode.NOT_LISTENING
    bench.ask("listen", mode=TABLE.listen_modes["live"])
    for _ in range(20):
        bench.device.poll()
    live = bench.ask("get_live")
    device = ReferenceDevice(bundle)
    scored = [device.score_features(window) for window in device.segment_features(pcm)]
    assert live.windows == len(scored) == 11
    assert np.array_equal(live.fused, scored[-1].fused)
    assert np.array_equal(live.keyword, scored[-1].keyword)
    total = sum(one.fused.astype(int) for one in scored[-3:])
    assert np.array_equal(live.smoothed, (2 * total + 3) // 6)
    assert live.lost_samples == 0


def test_captured_samples_are_the_recording(library: Library, image: bytes) -> None:
    pcm = noise(20000)
    bench = Bench(library, Flash(SLOT_BYTES, [image]), microphone=RecordedMicrophone(pcm, clock=None))
    bench.ask("listen", mode=TABLE.listen_modes["capture"])
    for _ in range(4):
        bench.device.poll()
    got = np.zeros(0, np.int16)
    while len(got) < len(pcm):
        part = bench.ask("get_capture", offset=len(got))
        assert (part.offset, part.lost_samples) == (len(got), 0)
        got = np.concatenate([got, part.pcm])
    assert np.array_equal(got, pcm)


@pytest.mark.parametrize("request_name", ["reset", "hello"])
def test_a_reset_and_a_new_host_end_listening_and_update(
    library: Library, image: bytes, request_name: str
) -> None:
    microphone = RecordedMicrophone(noise(9000), clock=None)
    bench = Bench(library, Flash(SLOT_BYTES, [image]), microphone=microphone)
    bench.ask("listen", mode=TABLE.listen_modes["capture"])
    assert bench.ask("update_begin", bytes=9, sha256=[0] * 32).name == "update_ready"
    assert len(microphone.take(9)[0]) == 9
    bench.ask(request_name, **({"session": 5} if request_name == "hello" else {}))
    assert len(microphone.take(9)[0]) == 0, "it is off"
    assert bench.ask("get_capture", offset=0).code == ErrorCode.NOT_LISTENING
    assert bench.ask("update_data", offset=0, data=[1]).code == ErrorCode.NO_UPDATE


def test_a_microphone_that_nobody_hears_loses_the_oldest() -> None:
    now = [0.0]
    microphone = RecordedMicrophone(noise(64000), clock=lambda: now[0])
    assert len(microphone.take(480)[0]) == 0, "it is off"
    microphone.power(True)
    now[0] = 0.01
    assert np.array_equal(microphone.take(480)[0], noise(64000)[:160])
    now[0] = 2.01
    pcm, lost = microphone.take(480)
    assert lost == 16000
    assert np.array_equal(pcm, noise(64000)[16160:16640])
    now[0] = 10.0
    microphone.take(480)
    assert not microphone.take(480)[0].any(), "silence follows the recording"


def test_flash_in_a_file_outlives_the_device(library: Library, image: bytes, tmp_path: Path) -> None:
    flash = FileFlash(tmp_path / "flash.bin", SLOT_BYTES, image)
    assert Bench(library, flash).device.slot == 0
    assert flash.erase(1) and flash.program(1, 0, image) and flash.erase(0)
    flash.close()
    again = FileFlash(tmp_path / "flash.bin", SLOT_BYTES, b"")
    assert again.snapshot() == flash.snapshot()
    assert Bench(library, again).device.slot == 1
    assert not again.program(1, 0, b"x"), "not erased"
    assert not again.program(9, 0, b"x")
    again.close()
    with pytest.raises(InvalidSetting, match="is not a flash"):
        FileFlash(tmp_path / "flash.bin", 2 * SLOT_BYTES, image)
