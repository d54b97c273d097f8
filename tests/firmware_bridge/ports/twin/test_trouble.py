"""The board around the processor: lost bytes, late answers, a slow UART, a microphone, power that goes."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.flash import Cut, Flash
from firmware_bridge.ports.twin.channels import BULK_ROOM, UART_BYTE_TICKS, Line
from firmware_bridge.ports.twin.clock import TICKS_PER_SECOND
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.faults import PowerLost
from firmware_bridge.protocol.transcript import mask
from firmware_bridge.reference.device import ReferenceDevice
from tests.support.twin_talk import SLOT_BYTES, messages, noise, segment, wire

LIVE, CAPTURE, OFF = 1, 2, 0


def say(twin: Twin, pieces: list[bytes]) -> bytes:
    return b"".join(map(twin.receive, pieces))


def test_a_host_faster_than_the_chip_is_held_back(boot: Callable[..., Twin]) -> None:
    """Far more than the line holds, in one piece: the answers are those of a patient host."""
    pieces = [wire("hello", 1, session=1), *segment(1, noise(40_000, 1)), wire("get_stats", 9)]
    assert sum(map(len, pieces)) > 4 * BULK_ROOM
    twin = boot()
    at_once = twin.receive(b"".join(pieces))
    assert mask(at_once) == mask(say(boot(), pieces))
    stats = messages(at_once)[-1]
    assert stats.receive_overruns == 0
    assert stats.receive_peak_bytes == BULK_ROOM


def test_a_host_that_does_not_wait_loses_bytes_and_is_told(boot: Callable[..., Twin]) -> None:
    twin = boot()
    stream = b"".join(segment(1, noise(40_000, 1)))
    said = messages(twin.flood(stream))
    assert "result" not in [one.name for one in said]
    (stats,) = messages(twin.receive(b"\0" + wire("get_stats", 9)))
    assert stats.receive_overruns == len(stream) - BULK_ROOM


def test_lost_bytes_are_the_same_for_the_same_seed(boot: Callable[..., Twin]) -> None:
    pieces = [wire("hello", 1, session=1), *segment(1, noise(5000, 1)), wire("get_stats", 9)]

    def talk(seed: int) -> bytes:
        twin = boot()
        twin.trouble(drop=0.0005, seed=seed)
        return say(twin, pieces)

    first = talk(1)
    assert first == talk(1)
    assert first != talk(2)
    stats = messages(first)[-1]
    assert stats.receive_overruns > 0
    assert stats.frames_bad > 0


def test_a_stalled_answer_comes_with_the_next(boot: Callable[..., Twin]) -> None:
    twin = boot()
    twin.trouble(stall=1.0)
    assert twin.receive(wire("hello", 1, session=1)) == b""
    twin.trouble()
    assert [one.name for one in messages(twin.receive(wire("get_stats", 2)))] == ["identity", "stats"]


def test_lines_count_what_they_lose() -> None:
    line = Line(4)
    line.come(b"abcdef")
    assert (line.waiting, line.room, line.peak, line.overruns) == (4, 0, 4, 2)
    assert line.take(3) == b"abc"
    line.come(b"gh")
    assert (line.take(9), line.peak, line.overruns) == (b"dgh", 4, 2)
    line.lose(1.0, 0)
    line.come(b"xy")
    assert (line.waiting, line.overruns) == (0, 4)


def test_the_uart_says_the_same_and_takes_its_time(boot: Callable[..., Twin]) -> None:
    pieces = [wire("hello", 1, session=1), *segment(1, noise(900, 1)), wire("get_stats", 9)]
    slow, fast = boot(uart=True), boot()
    said = say(slow, pieces)
    assert mask(said) == mask(say(fast, pieces))
    bytes_moved = sum(map(len, pieces)) + len(said)
    waited = slow.board.clock.ticks() - slow.instructions
    assert waited == bytes_moved * UART_BYTE_TICKS
    # 115200 baud, ten bits a byte.
    assert waited / TICKS_PER_SECOND == pytest.approx(bytes_moved * 10 / 115_200, rel=0.001)
    assert messages(said)[-1].receive_peak_bytes <= 64
    assert slow.flood(b"\0" * 100) == b""
    (stats,) = messages(slow.receive(wire("get_stats", 10)))
    assert stats.receive_overruns == 36


def test_answers_go_the_way_that_the_request_came(boot: Callable[..., Twin]) -> None:
    twin = boot()
    twin.board.uart.line.come(wire("reset", 1))
    assert twin.receive(wire("reset", 2)).count(b"\0") == 1
    assert twin.board.uart.line.collect().count(b"\0") == 1


def test_without_a_microphone_nobody_listens(boot: Callable[..., Twin]) -> None:
    identity, refusal = messages(say(boot(), [wire("hello", 1, session=1), wire("listen", 2, mode=LIVE)]))
    assert identity.capabilities == 1
    assert refusal.name == "error"


def test_live_scores_are_the_references(boot: Callable[..., Twin], bundle: Bundle) -> None:
    sound = noise(16_000, 8)
    twin = boot(sound=sound)
    identity, _ = messages(say(twin, [wire("hello", 1, session=1), wire("listen", 2, mode=LIVE)]))
    assert identity.capabilities == 7
    assert twin.pass_time(760) == b"", "nothing is pushed"
    (live,) = messages(twin.receive(wire("get_live", 3)))
    # 760 ms: windows of 500 ms end at 500 and 750.
    assert live.windows == 2
    wanted = ReferenceDevice(bundle).score_segment(sound[4000:12000])
    assert np.array_equal(live.fused, wanted.fused)
    assert live.lost_samples == 0


def test_capture_gives_back_what_was_heard(boot: Callable[..., Twin]) -> None:
    sound = noise(3000, 9)
    twin = boot(sound=sound)
    say(twin, [wire("listen", 2, mode=CAPTURE)])
    heard: list[int] = []
    for step in range(30):
        twin.pass_time(10)
        (part,) = messages(twin.receive(wire("get_capture", 10 + step, offset=len(heard))))
        assert part.offset == len(heard)
        heard += [int(v) for v in part.pcm]
    assert len(heard) >= 4790
    assert np.array_equal(heard[:3000], sound)
    assert not any(heard[3000:]), "silence after the recording"


def test_the_microphone_is_off_until_it_is_asked(boot: Callable[..., Twin]) -> None:
    twin = boot(sound=noise(3000, 9))
    assert not twin.board.microphone.on
    say(twin, [wire("listen", 1, mode=CAPTURE)])
    assert twin.board.microphone.on
    say(twin, [wire("listen", 2, mode=OFF)])
    assert not twin.board.microphone.on


def update(image: bytes) -> list[bytes]:
    digest = list(hashlib.sha256(image).digest())
    data = [
        wire("update_data", 2 + i, offset=at, data=list(image[at : at + 960]))
        for i, at in enumerate(range(0, len(image), 960))
    ]
    return [wire("update_begin", 1, bytes=len(image), sha256=digest), *data, wire("update_end", 900)]


@pytest.mark.parametrize("at", [0, 1, 5, -2, -1])
def test_when_the_power_goes_the_machine_stands_still(
    boot: Callable[..., Twin], bundle: Bundle, image: bytes, at: int
) -> None:
    """The sweep over every operation is a tool of its own; here: that a cut is one, and that the flash is kept."""
    whole = Flash(SLOT_BYTES, [image])
    say(boot(whole), update(image))
    operations = whole.operations
    flash = Flash(SLOT_BYTES, [image])
    flash.power_on(Cut(at % operations, seed=7))
    twin = boot(flash)
    with pytest.raises(PowerLost) as caught:
        say(twin, update(image))
    assert caught.value.operation == at % operations
    with pytest.raises(PowerLost):
        twin.receive(wire("hello", 2, session=1))
    flash.power_on()
    (identity,) = messages(boot(flash).receive(wire("hello", 1, session=1)))
    assert identity.bundle == bundle.id


def test_a_twin_that_is_gone_gives_its_memory_back_at_once(boot: Callable[..., Twin], image: bytes) -> None:
    """A sweep of power cuts makes hundreds; each holds fifty megabytes of address space."""
    twin = boot()
    machine = weakref.ref(twin.machine)
    del twin
    assert machine() is None
    flash = Flash(SLOT_BYTES, [image])
    cut = boot(flash)
    flash.power_on(Cut(0, 1))
    with pytest.raises(PowerLost):
        say(cut, update(image))
    assert cut.machine._engine is None
    assert cut.instructions > 0, "what was counted is still there"
