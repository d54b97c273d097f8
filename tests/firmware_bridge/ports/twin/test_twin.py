"""The twin answers as the host port does, byte for byte, and as the reference says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.chip.regions import on_chip_bytes
from firmware_bridge.chip.rt1176 import CHIP
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.build import build_core
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library
from firmware_bridge.ports.twin.build import Firmware
from firmware_bridge.ports.twin.device import Twin, bundle_flash
from firmware_bridge.protocol import TABLE, ErrorCode
from firmware_bridge.protocol.transcript import mask
from firmware_bridge.reference.device import ReferenceDevice
from tests.support.twin_talk import SLOT_BYTES, messages, noise, segment, wire

STACK_BYTES = 16 * 1024


@pytest.fixture(scope="module")
def library(bundle: Bundle) -> Library:
    return Library(build_core(bundle))


def say(twin: Twin | HostDevice, pieces: list[bytes]) -> bytes:
    return b"".join(map(twin.receive, pieces))


def features(number: int, window: int) -> list[bytes]:
    # 500 values of a reply hold 31 frames of 16 channels.
    return [wire("get_features", 2000 + at, segment=number, window=window, first_frame=at) for at in (0, 31)]


def test_hello_says_what_runs(boot: Callable[..., Twin], bundle: Bundle) -> None:
    (identity,) = messages(boot().receive(wire("hello", 1, session=7)))
    assert identity.session == 7
    assert identity.build == "twin 1"
    assert identity.evidence == "emulated"
    assert identity.bundle == bundle.id
    assert identity.frontend == bundle.manifest.table_hash
    assert identity.cycles_per_us == 792
    assert (identity.labels, identity.keywords) == (3, 2)
    assert identity.slot == 0


def test_it_boots_without_effort(boot: Callable[..., Twin], image: bytes) -> None:
    """Nearly all of a boot is reading the networks and hashing them."""
    twin = boot()
    assert 20 * len(image) < twin.instructions < 100 * len(image) + 400_000
    (stats,) = messages(twin.receive(wire("get_stats", 1)))
    assert stats.uptime_ms < 1000
    found = twin.by_function()
    # The first is the hash; memory is cleared and painted by words.
    assert found["board_start"] < 60_000


@pytest.mark.parametrize("samples", [1, 399, 8000, 8001, 30000])
def test_features_and_scores_are_the_references(
    boot: Callable[..., Twin], bundle: Bundle, samples: int
) -> None:
    """0 LSB, for a segment shorter than a window, exactly one, one sample more, several."""
    pcm = noise(samples, samples)
    reference = ReferenceDevice(bundle)
    wanted = reference.score_segment(pcm)
    windows = reference.segment_features(pcm)
    twin = boot()
    asked = [part for window in range(len(windows)) for part in features(1, window)]
    said = messages(say(twin, [*segment(1, pcm), *asked]))
    (result,) = [one for one in said if one.name == "result"]
    assert result.windows == len(windows) == wanted.windows
    for name in ("acoustic", "keyword", "fused"):
        assert np.array_equal(getattr(result, name), getattr(wanted, name)), name
    parts = [np.asarray(one.values) for one in said if one.name == "features"]
    assert np.array_equal(np.concatenate(parts).reshape(-1, 16), np.concatenate(windows))


def conversation(chunk: int) -> list[bytes]:
    """Return a long talk with everything in it that can go wrong."""
    pcm = noise(13000, 2)
    frames = segment(4, pcm, chunk)
    broken = bytearray(frames[3])
    broken[9] ^= 4
    return [
        b"\0\x07garbage\0" + wire("hello", 1, session=3),
        wire("get_live", 2),
        wire("listen", 3, mode=2),
        wire("end", 4, segment=4, checksum=0),
        wire("begin", 5, segment=4, samples=960_001),
        wire("update_data", 6, offset=0, data=[1, 2, 3]),
        *frames[:3],
        bytes(broken),
        frames[4],
        *frames[3:7],
        wire("hello", 8, session=3)[:-3] + b"\0",
        *frames[5:],
        frames[-1],
        *features(4, 1),
        *features(4, 2),
        wire("identity", 9, **dict(messages_identity())),
        wire("get_stats", 10),
        wire("reset", 11),
        wire("get_features", 12, segment=4, window=0, first_frame=0),
    ]


def messages_identity() -> dict[str, object]:
    """Return the fields of a message that no host should send."""
    fields = TABLE.layouts["identity"].fields
    return {field.name: "" if field.is_text else 1 for field in fields}


@pytest.mark.parametrize("chunk", [480, 333])
def test_the_transcript_is_the_host_ports(
    boot: Callable[..., Twin], library: Library, image: bytes, chunk: int
) -> None:
    host = HostDevice(library, Flash(SLOT_BYTES, [image]))
    pieces = conversation(chunk)
    ours, theirs = say(boot(), pieces), say(host, pieces)
    assert mask(ours) == mask(theirs)
    names = [one.name for one in messages(ours)]
    assert names.count("result") == 2
    assert names.count("error") >= 6


def test_the_transcript_does_not_depend_on_how_bytes_come(boot: Callable[..., Twin]) -> None:
    stream = b"".join(conversation(480))
    whole = boot().receive(stream)
    parts = say(boot(), [stream[at : at + 77] for at in range(0, len(stream), 77)])
    assert mask(whole) == mask(parts)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.binary(max_size=80) | st.sampled_from(conversation(480)), max_size=12))
def test_nonsense_is_answered_as_the_host_port_does(
    boot: Callable[..., Twin], library: Library, image: bytes, pieces: list[bytes]
) -> None:
    host = HostDevice(library, Flash(SLOT_BYTES, [image]))
    assert mask(say(boot(), pieces)) == mask(say(host, pieces))


def test_memory_marks_are_the_build_and_the_stack(boot: Callable[..., Twin], firmware: Firmware) -> None:
    twin = boot()
    (before,) = messages(twin.receive(wire("get_stats", 1)))
    said = messages(say(twin, [*segment(1, noise(9000, 1)), wire("get_stats", 2)]))
    result, after = said[-2], said[-1]
    assert before.ram_bytes == result.ram_peak_bytes == on_chip_bytes(firmware.regions) < CHIP.on_chip_bytes
    assert 256 < before.stack_peak_bytes <= after.stack_peak_bytes < STACK_BYTES // 2
    assert after.temperature_mc == 41500, "made up, as the TPU is"
    assert after.receive_peak_bytes >= 968
    assert after.receive_overruns == 0


def test_time_is_instructions(boot: Callable[..., Twin]) -> None:
    """Stages are counted on the virtual clock; waiting for the host takes none of it."""
    twin = boot()
    before = twin.instructions
    result = messages(say(twin, segment(1, noise(12000, 1))))[-1]
    spent = twin.instructions - before
    stages = {
        name: getattr(result, f"{name}_cycles")
        for name in ("features", "scaling", "acoustic", "keyword", "fusion")
    }
    assert 0 < stages["fusion"] < stages["scaling"] < stages["features"]
    assert sum(stages.values()) < spent
    assert 0 < result.tail_cycles < stages["features"]
    # Two windows; of each the last frame, 16 channels by some hundred instructions, and the hop before it.
    (stats,) = messages(twin.receive(wire("get_stats", 9)))
    assert stats.features_cycles == stages["features"]
    assert stats.uptime_ms == twin.board.clock.milliseconds()
    quiet = twin.instructions
    twin.pass_time(5000)
    assert twin.instructions - quiet < 200
    (later,) = messages(twin.receive(wire("get_stats", 10)))
    assert 5000 <= later.uptime_ms - stats.uptime_ms <= 5001


def test_features_are_computed_as_samples_come(boot: Callable[..., Twin]) -> None:
    """The work per second of audio is the same at the start, in the middle, and after many windows."""
    pcm = noise(40_000, 3)
    twin = boot()
    costs = []
    for frame in segment(1, pcm)[1:-1]:
        before = twin.by_function().get("ut_spectrum", 0)
        twin.receive(frame)
        costs.append(twin.by_function().get("ut_spectrum", 0) - before)
    # 480 samples are three frames of 10 ms.
    assert max(costs[3:-1]) == min(costs[3:-1])


def test_a_blank_flash_answers_all_the_same(boot: Callable[..., Twin]) -> None:
    twin = boot(Flash(SLOT_BYTES))
    said = messages(say(twin, [wire("hello", 1, session=1), wire("begin", 2, segment=1, samples=100)]))
    assert said[0].slot == 255
    assert said[0].bundle == ""
    assert (said[1].name, said[1].code) == ("error", ErrorCode.NO_BUNDLE)


def test_networks_that_do_not_run_are_refused(boot: Callable[..., Twin], image: bytes) -> None:
    """A damaged network is found by its hash before it gets to the mailbox."""
    damaged = bytearray(image)
    damaged[5000] ^= 1
    (identity,) = messages(boot(Flash(SLOT_BYTES, [bytes(damaged)])).receive(wire("hello", 1, session=1)))
    assert identity.slot == 255
    (second,) = messages(
        boot(Flash(SLOT_BYTES, [bytes(damaged), image])).receive(wire("hello", 1, session=1))
    )
    assert second.slot == 1


def test_an_update_takes_effect_and_outlives_the_power(
    boot: Callable[..., Twin], bundle: Bundle, image: bytes
) -> None:
    flash = Flash(SLOT_BYTES, [image])
    twin = boot(flash)
    digest = list(hashlib.sha256(image).digest())
    steps = [wire("update_begin", 1, bytes=len(image), sha256=digest)]
    steps += [
        wire("update_data", 2 + i, offset=at, data=list(image[at : at + 960]))
        for i, at in enumerate(range(0, len(image), 960))
    ]
    said = messages(say(twin, [*steps, wire("update_end", 900), wire("hello", 901, session=2)]))
    assert said[-2].name == "update_done"
    assert (said[-2].slot, said[-2].bundle, said[-1].slot) == (1, bundle.id, 1)
    (identity,) = messages(boot(flash).receive(wire("hello", 1, session=1)))
    assert identity.slot == 1


def test_a_new_twin_holds_its_bundle(bundle: Bundle, firmware: Firmware) -> None:
    twin = Twin(firmware, bundle_flash(bundle.directory))
    twin.boot()
    (identity,) = messages(twin.receive(wire("hello", 1, session=1)))
    assert identity.bundle == bundle.id
