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

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import Image, build_image, parse_image, write_image
from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend
from firmware_bridge.protocol import Frame, FrameDecoder, FrameFault, decode, encode, encode_frame
from hil.client.capture import record
from hil.client.client import DeviceClient
from hil.client.conversation import DeviceRefused
from hil.client.update import send_update
from hil.link.link import SerialLink

ffi = cffi.FFI()
Start = Callable[..., tuple[Any, DeviceClient]]


def fake_network(inputs: int, outputs: int, last: int) -> bytes:
    """Return a network as the fake interpreter reads it: score i is the sum of all inputs, plus i, plus `last`."""
    return struct.pack("<BBBBHH", 3, 1, 0, last, inputs, outputs).ljust(1000, bytes([last]))


def fake_image(bundle: Bundle, last: int) -> Image:
    image = parse_image(build_image(bundle))
    acoustic, keyword = (
        replace(network, model=fake_network(network.inputs, network.outputs, last + number))
        for number, network in enumerate(image.networks)
    )
    return replace(image, acoustic=acoustic, keyword=keyword, bundle=f"{last:02x}" * 32)


@pytest.fixture
def start(new_device: Callable[[], Any]) -> Iterator[Start]:
    """Return a function that powers a board with an image in its first slot, and a client that speaks to it."""
    links = []

    def power(image: Image | None, tpu: bool = True) -> tuple[Any, DeviceClient]:
        board = new_device()
        content = write_image(image) if image else b""
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


def window(bundle: Bundle, seed: int) -> Any:
    count = 16 * bundle.manifest.window_ms
    return np.random.default_rng(seed).integers(-3000, 3000, count).astype(np.int16)


def wrapped(values: Any) -> list[int]:
    return [int(value) for value in np.asarray(values, np.int64).astype(np.int8)]


def test_hello_says_what_the_board_is(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5))
    identity = client.hello()
    assert identity.build == "coralmicro 1"
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
        features = MicroFrontend(FrontendSpec.from_dict(manifest.frontend)).process(pcm)
        total = int(InputScaling.from_dict(manifest.scaling).apply(features).astype(np.int64).sum())
        result = client.score_segment(pcm)
        assert list(result.acoustic) == wrapped(total + 5 + np.arange(len(manifest.labels)))
        assert list(result.keyword) == wrapped(total + 6 + np.arange(len(manifest.keywords)))
        assert result.windows == 1
        assert np.array_equal(client.features(pcm)[0], features)


def test_marks_add_up(bundle: Bundle, start: Start) -> None:
    _, client = start(fake_image(bundle, 5))
    client.hello()
    first = client.stats()
    assert first["stack_peak_bytes"] == 16384 - 4 * 1096
    assert first["temperature_mc"] == 41500
    assert first["receive_overruns"] == 0 and first["receive_peak_bytes"] > 0
    assert first["ram_peak_bytes"] >= first["ram_bytes"] > 340 + 2 * 1008
    time.sleep(0.03)
    assert client.stats()["uptime_ms"] - first["uptime_ms"] >= 25


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
    _, client = start(fake_image(bundle, 5))
    client.hello()
    heard = record(client, 0.3)
    assert heard.lost_samples == 0 and heard.gaps == ()
    assert np.array_equal(heard.pcm, np.arange(len(heard.pcm)) % 30000)
    assert len(heard.pcm) >= 4800
    again = record(client, 0.1)
    assert again.pcm[0] == 0  # nothing is left of the time before


def test_without_a_tpu_the_board_answers_all_the_same(bundle: Bundle, start: Start) -> None:
    board, client = start(fake_image(bundle, 5), tpu=False)
    identity = client.hello()
    assert not identity.has_bundle and identity.slot == 255
    assert board.device_leds() == 1
    with pytest.raises(DeviceRefused, match="neither slot holds a bundle"):
        client.score_segment(window(bundle, 1))
    assert client.stats()["temperature_mc"] == -(2**31)


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
        assert decode(reply.kind, reply.payload)["build"] == "coralmicro 1"
        assert sum(not isinstance(frame, Frame) for frame in frames) == bool(printed)
