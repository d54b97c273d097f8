"""All of the firmware, with real sockets and a fake SDK below it, spoken to as the board is."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import cffi
import numpy as np
import pytest

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import Image, build_image, parse_image, write_image
from firmware_bridge.microfrontend import MicroFrontend
from firmware_bridge.protocol import (
    TABLE,
    Frame,
    FrameDecoder,
    FrameFault,
    decode,
    encode,
    encode_frame,
    messages,
)
from hil.client.capture import record
from hil.client.client import DeviceClient
from hil.client.conversation import DeviceRefused
from hil.client.update import send_update
from hil.link.link import SerialLink
from tools.board.crash import crash_record

ffi = cffi.FFI()
Start = Callable[..., tuple[Any, DeviceClient]]


def fake_network(inputs: int, outputs: int, last: int, token: int = 0) -> bytes:
    """Return a network as the fake interpreter reads it: score i is the sum of all inputs, plus i, plus `last`."""
    return struct.pack("<BBBBHHQB", 3, 1, 0, 0, inputs, outputs, token, last).ljust(1000, bytes([last]))


def fake_image(bundle: Bundle, last: int, token: int = 0) -> Image:
    image = parse_image(build_image(bundle))
    acoustic, keyword = (
        replace(network, model=fake_network(network.inputs, network.outputs, last + number, token))
        for number, network in enumerate(image.networks)
    )
    return replace(image, acoustic=acoustic, keyword=keyword, bundle=f"{last:02x}" * 32)


@pytest.fixture
def start(new_device: Callable[[], Any]) -> Iterator[Start]:
    """Return a function that powers a board with an image in its first slot, and a client that speaks to it."""
    links = []

    def power(image: Image | None, tpu: bool = True, flags: int = 1) -> tuple[Any, DeviceClient]:
        board = new_device()
        content = write_image(image) if image else b""
        board.reset_flags(flags)
        board.device_start(content, len(content), tpu)
        deadline = time.monotonic() + 5
        while board.device_port() == 0:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        links.append(SerialLink(f"socket://127.0.0.1:{board.device_port()}"))
        return board, DeviceClient(links[-1])

    yield power
    for link in links:
        link.close()


def until(reached: Callable[[], bool], seconds: float = 8.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def watchdog_is_fed(board: Any) -> bool:
    before = board.device_refreshes()
    time.sleep(0.2)
    return bool(board.device_refreshes() > before)


def window(bundle: Bundle, seed: int) -> Any:
    count = 16 * bundle.manifest.window_ms
    return np.random.default_rng(seed).integers(-3000, 3000, count).astype(np.int16)


def wrapped(values: Any) -> list[int]:
    return [int(value) for value in np.asarray(values, np.int64).astype(np.int8)]


def test_hello_says_what_the_board_is(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    identity = client.hello()
    assert identity.build == "coralmicro 2"
    assert identity.evidence == "measured"
    assert identity.bundle == "05" * 32
    assert identity.cycles_per_us == 792
    assert identity.capabilities == 7
    assert identity.slot == 0
    assert board.device_leds() == 3


def test_scores_are_those_of_the_networks_on_the_host_s_features(bundle: Bundle, start: Start) -> None:
    _, client = start(fake_image(bundle, 5))
    client.hello()
    manifest = bundle.manifest
    for seed in range(3):
        pcm = window(bundle, seed)
        features = MicroFrontend(manifest.frontend).process(pcm)
        total = int(manifest.scaling.apply(features).astype(np.int64).sum())
        result = client.score_segment(pcm)
        assert list(result.acoustic) == wrapped(total + 5 + np.arange(len(manifest.labels)))
        assert list(result.keyword) == wrapped(total + 6 + np.arange(len(manifest.keywords)))
        assert result.windows == 1
        assert np.array_equal(client.features(pcm)[0], features)


def test_marks_add_up(bundle: Bundle, start: Start) -> None:
    _, client = start(fake_image(bundle, 5))
    client.hello()
    first = client.stats()
    assert first.stack_peak_bytes == 16384 - 4 * 1096
    assert first.temperature_mc == 41500
    assert first.receive_overruns == 0 and first.receive_peak_bytes > 0
    assert first.ram_peak_bytes >= first.ram_bytes > 340 + 2 * 1008
    time.sleep(0.03)
    assert client.stats().uptime_ms - first.uptime_ms >= 25


def test_a_bundle_is_exchanged_and_runs_at_once(bundle: Bundle, start: Start) -> None:
    """The new networks come to the same memory as the old ones; the SDK would run the old ones' commands."""
    board, client = start(fake_image(bundle, 5))
    pcm = window(bundle, 1)
    client.hello()
    before = client.score_segment(pcm)
    content = write_image(fake_image(bundle, 50))
    identity = send_update(client, content)
    assert (identity.bundle, identity.slot) == ("32" * 32, 1)
    after = client.score_segment(pcm)
    assert wrapped(np.array(after.acoustic) - 45) == list(before.acoustic)
    out = ffi.new("uint8_t[]", len(content))
    assert board.disk_read(b"/undertone/slot1", out, len(content)) == len(content)
    assert bytes(out) == content
    assert board.disk_read(b"/undertone/record0", out, 16) == 16
    assert board.device_resets() == 0


def test_the_board_restarts_itself_when_networks_have_no_room_left(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 0))
    client.hello()
    for number in range(1, 31):
        send_update(client, write_image(fake_image(bundle, 3 * number)))
    assert board.device_resets() == 0
    send_update(client, write_image(fake_image(bundle, 3 * 31)))  # 64 networks: the list is full
    time.sleep(0.2)
    assert board.device_resets() == 0  # not while somebody speaks
    deadline = time.monotonic() + 5
    while board.device_resets() == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_microphone_s_upper_sixteen_bits_in_order(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    heard = record(client, 0.3)
    assert heard.lost_samples == 0 and heard.gaps == ()
    assert np.array_equal(heard.pcm, np.arange(len(heard.pcm)) % 30000)
    assert len(heard.pcm) >= 4800
    assert board.microphone_starts() == 1
    until(lambda: board.microphone_on() == 0)  # its power goes with the recording
    time.sleep(0.2)  # sound that nobody must hear later
    again = record(client, 0.1)
    assert again.pcm[0] == 0 and again.lost_samples == 0
    assert board.microphone_starts() == 2


def test_what_the_driver_loses_is_counted(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    board.microphone_overflow(3)
    heard = record(client, 0.5)
    assert heard.lost_samples == 3 * 800
    assert np.diff(heard.pcm.astype(int)).max() == 3 * 800 + 1  # where they are missing
    assert client.stats().microphone_overruns == 1


def test_without_a_tpu_the_board_answers_all_the_same(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5), tpu=False)
    identity = client.hello()
    assert not identity.has_bundle and identity.slot == 255
    assert board.device_leds() == 1
    with pytest.raises(DeviceRefused, match="neither slot holds a bundle"):
        client.score_segment(window(bundle, 1))
    assert client.stats().temperature_mc == -(2**31)


def test_without_a_tpu_hello_says_so_and_a_late_one_is_taken(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5), tpu=False)
    assert client.hello().troubles == TABLE.troubles["tpu_missing"]
    assert watchdog_is_fed(board)
    board.tpu_there(1)
    until(lambda: client.hello().has_bundle)
    assert client.hello().troubles == 0
    assert board.device_leds() == 3
    assert client.score_segment(window(bundle, 1)).windows == 1


def test_a_run_that_fails_is_answered_counted_and_ends_in_a_restart(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    pcm = window(bundle, 1)
    client.score_segment(pcm)
    board.usb_bad(board.usb_transfers(), board.usb_transfers() + 1, 3)
    with pytest.raises(DeviceRefused, match="a network gave no scores"):
        client.score_segment(pcm)
    until(lambda: board.device_resets() > 0)
    assert client.stats().tpu_failures >= 1
    assert client.stats().temperature_mc == -(2**31)


def test_the_end_of_a_segment_moves_nothing_over_usb(bundle: Bundle, start: Start) -> None:
    """The SDK CHECKs a read of the temperature, and a failed CHECK is the end: only `get_stats` may risk it."""
    board, client = start(fake_image(bundle, 5))
    client.hello()
    pcm = window(bundle, 1)
    client.score_segment(pcm)
    before = board.usb_transfers()
    client.score_segment(pcm)
    runs = board.usb_transfers() - before
    assert runs == 2 * 3, "instructions, input and output of two networks, and nothing else"
    board.usb_bad(board.usb_transfers() + runs, 1 << 30, 3)  # from the end of the next segment on
    assert client.score_segment(pcm).windows == 1
    assert not board.device_ended()


def test_a_check_of_the_sdk_stops_feeding_the_watchdog(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    assert 20 <= board.watchdog_seconds() <= 60
    assert watchdog_is_fed(board)
    board.usb_bad(board.usb_transfers(), 1 << 30, 3)
    with pytest.raises(UndertoneError):
        client.stats()
    assert board.device_ended()
    assert not watchdog_is_fed(board)


def test_a_sleeping_host_starves_the_work_and_so_the_watchdog(bundle: Bundle, start: Start) -> None:
    """The SDK's network driver spins while USB is busy: what is below it stands still, who feeds included."""
    board, client = start(fake_image(bundle, 5))
    client.hello()
    assert watchdog_is_fed(board)
    board.host_sleeps(1)
    time.sleep(0.1)
    assert not watchdog_is_fed(board)
    board.host_sleeps(0)
    until(lambda: watchdog_is_fed(board))
    assert client.score_segment(window(bundle, 1)).windows == 1


@pytest.mark.parametrize(
    ("flags", "reason"), [(1, "power"), (32, "watchdog"), (4, "fault"), (2, "host"), (0, "unknown")]
)
def test_hello_and_stats_say_why_the_board_started(
    bundle: Bundle, start: Start, flags: int, reason: str
) -> None:
    _, client = start(fake_image(bundle, 5), flags=flags)
    assert client.hello().reset_reason == TABLE.reset_reasons[reason]
    assert client.stats().reset_reason == TABLE.reset_reasons[reason]


def test_the_watchdog_s_handler_leaves_evidence(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    assert client.ask(messages.GetCrash()).reason == 0
    frame = ffi.new("uint32_t[]", list(range(100, 108)) + [0] * 1100)
    board.crash(frame, TABLE.reset_reasons["watchdog"])
    found = client.ask(messages.GetCrash())
    assert found.reason == TABLE.reset_reasons["watchdog"]
    assert list(found.registers)[:8] == list(range(100, 108))
    assert list(found.registers)[9:] == [0x8200, 0x40000000, 0, 0x20100000]
    assert found.task == "undertone"
    assert client.hello().troubles & TABLE.troubles["crash_kept"]
    assert board.device_resets() == 1


@pytest.mark.parametrize("floats", [False, True])
def test_a_task_that_used_up_its_stack_is_named(bundle: Bundle, start: Start, floats: bool) -> None:
    """The kernel's own check at a switch: what lies on the task's stack then is what the switch put there."""
    board, client = start(fake_image(bundle, 5))
    client.hello()
    link = 0xFFFFFFED if floats else 0xFFFFFFFD
    saved = [*range(4, 12), link, *[7] * 16 * floats, *range(100, 108)]
    words = ffi.new("uint32_t[]", saved + [0] * 1100)
    board.stack_overflow(words)
    until(lambda: board.device_resets() > 0)
    found = client.ask(messages.GetCrash())
    assert found.reason == TABLE.reset_reasons["fault"]
    assert found.task == "undertone"
    assert list(found.registers)[:8] == list(range(100, 108))
    assert "the task's stack was too small" in crash_record(found, None)["faults"]
    assert client.hello().troubles & TABLE.troubles["crash_kept"]


def test_a_fault_on_a_full_stack_says_so(bundle: Bundle, start: Start) -> None:
    """An overflow may do its harm before the next switch."""
    board, client = start(fake_image(bundle, 5))
    client.hello()
    frame = ffi.new("uint32_t[]", list(range(100, 108)) + [0] * 1100)
    board.crash(frame, TABLE.reset_reasons["fault"])
    assert client.ask(messages.GetCrash()).registers[9] >> 20 & 1 == 0
    board.stack_overflow(frame)
    board.crash(frame, TABLE.reset_reasons["fault"])
    assert client.ask(messages.GetCrash()).registers[9] >> 20 & 1 == 1


def test_new_weights_under_an_old_token_lead_to_a_restart(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5, token=9))
    client.hello()
    client.score_segment(window(bundle, 1))
    send_update(client, write_image(fake_image(bundle, 50, token=9)))
    assert board.device_resets() == 0
    until(lambda: board.device_resets() > 0)  # when nobody has spoken for two seconds


def test_the_green_light_goes_where_the_bundle_goes(bundle: Bundle, start: Start) -> None:
    board, client = start(None)
    client.hello()
    assert board.device_leds() == 1
    send_update(client, write_image(fake_image(bundle, 9)))
    until(lambda: board.device_leds() == 3)


def test_a_burst_on_the_uart_is_whole_or_counted(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    client.hello()
    request = encode_frame(Frame(1, 42, encode("hello", session=9)))
    first = client.stats().frames_good
    burst = request * 40  # far more than the 64 bytes of the SDK's console
    board.console_in(burst, len(burst))
    asked = 0

    def heard_on_the_uart() -> int:
        nonlocal asked
        asked += 1  # a good frame as well
        return client.stats().frames_good - first - asked

    until(lambda: heard_on_the_uart() >= 40)
    assert client.stats().receive_overruns == 0


def test_an_empty_board_takes_its_first_bundle(bundle: Bundle, start: Start) -> None:
    _, client = start(None)
    assert not client.hello().has_bundle
    assert send_update(client, write_image(fake_image(bundle, 9))).bundle == "09" * 32
    assert client.score_segment(window(bundle, 2)).windows == 1


def test_the_uart_speaks_the_same_protocol_between_printed_lines(bundle: Bundle, start: Start) -> None:
    board, _ = start(fake_image(bundle, 5))
    request = encode_frame(Frame(1, 42, encode("hello", session=9)))
    for printed in (b"", b"Edge TPU says something\r\n"):
        board.console_in(request, len(request))
        decoder = FrameDecoder()
        frames: list[Frame | FrameFault] = [*decoder.push(printed)]
        deadline = time.monotonic() + 5
        while not any(isinstance(frame, Frame) for frame in frames):
            assert time.monotonic() < deadline
            out = ffi.new("uint8_t[]", 4096)
            frames += decoder.push(bytes(ffi.buffer(out)[: board.console_out(out, 4096)]))
            time.sleep(0.005)
        (reply,) = [frame for frame in frames if isinstance(frame, Frame)]
        assert reply.sequence == 42
        assert decode(reply.kind, reply.payload).build == "coralmicro 2"
        assert sum(not isinstance(frame, Frame) for frame in frames) == bool(printed)
