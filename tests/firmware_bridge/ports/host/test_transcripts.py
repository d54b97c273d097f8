"""The core in C answers every stream of bytes as the Python specification does, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library
from firmware_bridge.protocol import (
    DeviceServer,
    Frame,
    FrameDecoder,
    Kind,
    decode,
    encode_frame,
)
from firmware_bridge.protocol.engine import NO_SLOT
from firmware_bridge.protocol.transcript import mask
from firmware_bridge.reference.engine import bundle_identity, reference_server
from tests.support.twin_talk import SLOT_BYTES, noise, segment, wire

Both = Callable[[list[bytes]], bytes]


def names(stream: bytes) -> list[str]:
    """Return what the messages of a stream are called; errors with their code."""
    found = []
    for frame in FrameDecoder().push(stream):
        assert isinstance(frame, Frame), "what a device says is always whole"
        message = decode(frame.kind, frame.payload)
        found.append(f"error {message.code}" if message.name == "error" else message.name)
    return found


@pytest.fixture(scope="module")
def both(bundle: Bundle, library: Library) -> Both:
    """Send the same pieces to a fresh device of each kind; compare, and return what C said."""
    image = build_image(bundle, compiled=False)

    def send(pieces: list[bytes]) -> bytes:
        device = HostDevice(library, Flash(SLOT_BYTES, [image]), updatable=False)
        server = reference_server(bundle)
        assert device.slot == 0
        said, wanted = (b"".join(map(push, pieces)) for push in (device.receive, server.push))
        assert mask(said) == mask(wanted)
        return said

    return send


def features(number: int, window: int) -> list[bytes]:
    # 500 values of a reply hold 31 frames of 16 channels.
    return [
        wire("get_features", 2000 + at, segment=number, window=window, first_frame=at) for at in (0, 31, 47)
    ]


@pytest.mark.parametrize("samples", [1, 399, 7999, 8000, 8001, 11999, 12000, 30000])
def test_segments_are_scored_alike(both: Both, samples: int) -> None:
    """Shorter than a window, exactly one, one sample more, several; chunks that do not fit any of them."""
    pcm = noise(samples, samples)
    windows = 1 + max(0, samples - 8000) // 4000
    asked = [part for window in range(windows + 1) for part in features(3, window)]
    said = both([wire("hello", 1, session=9), *segment(3, pcm, 479), *asked, wire("get_stats", 3000)])
    assert names(said).count("result") == 1
    assert names(said).count("features") == 3 * windows
    assert names(said).count("error 9") == 3, "a window that is not there"


def test_features_may_be_asked_for_before_the_end(both: Both) -> None:
    frames = segment(1, noise(9000, 5))
    said = both([*frames[:-1], *features(1, 0), wire("get_stats", 7), frames[-1], wire("get_stats", 8)])
    assert "result" in names(said)


def test_everything_that_goes_wrong_once(both: Both) -> None:
    pcm = noise(2000, 1)
    frames = segment(1, pcm)
    wrong = wire("end", 50, segment=1, checksum=1)
    said = both(
        [
            wire("audio", 1, segment=1, offset=0, pcm=pcm[:9]),
            wire("end", 2, segment=1, checksum=0),
            wire("begin", 3, segment=1, samples=0),
            wire("begin", 4, segment=1, samples=960001),
            *frames[:3],
            wire("end", 5, segment=1, checksum=0),
            wire("audio", 6, segment=1, offset=1900, pcm=pcm[:200]),
            wire("audio", 6, segment=1, offset=0xFFFFFFF0, pcm=pcm[:200]),
            wire("audio", 7, segment=1, offset=1500, pcm=pcm[:200]),
            wire("get_features", 8, segment=1, window=0, first_frame=0),
            *frames[3:-1],
            wrong,
            wire("end", 51, segment=1, checksum=1),
            wire("listen", 52, mode=1),
            wire("get_live", 53),
            wire("get_capture", 54, offset=0),
            wire("update_begin", 55, bytes=4, sha256=[0] * 32),
            wire("update_data", 56, offset=0, data=[1]),
            wire("update_end", 57),
            wire("ready", 58, segment=1, received=0),
            encode_frame(Frame(99, 59, b"")),
            encode_frame(Frame(1, 60, b"")),
            wire("hello", 61, version=7, session=1),
            b"noise\0",
            wire("get_stats", 62),
        ]
    )
    codes = {name for name in names(said) if name.startswith("error")}
    assert codes == {f"error {code}" for code in (1, 2, 3, 4, 5, 6, 7, 8, 9, 12)}


def test_a_device_without_a_bundle(bundle: Bundle, library: Library) -> None:
    device = HostDevice(library, None)
    empty = {"bundle": "", "acoustic_sha256": "", "keyword_sha256": "", "labels": 0, "keywords": 0}
    identity = bundle_identity(bundle).__dict__ | empty | {"slot": NO_SLOT}
    server = DeviceServer(None, type(bundle_identity(bundle))(**identity))
    pieces = [wire("hello", 1, session=2), *segment(1, noise(600, 1)), *features(1, 0), wire("update_end", 9)]
    said, wanted = (b"".join(map(push, pieces)) for push in (device.receive, server.push))
    assert mask(said) == mask(wanted)
    assert set(names(said)) == {"identity", "error 11", "error 12"}


def test_the_replay_cache_forgets_the_oldest(both: Both) -> None:
    begins = [wire("begin", i, segment=i, samples=5) for i in range(9)]
    long = wire("update_data", 77, offset=0, data=[0] * 59)
    short = wire("update_data", 78, offset=0, data=[0] * 58)
    said = both([*begins, begins[1], begins[0], begins[1], long, long, short, short, wire("get_stats", 99)])
    stats = decode(Kind.GET_STATS + 128, FrameDecoder().push(said)[-1].payload)
    assert stats.replies_repeated == 2, "begins[1], and the short one; the others were done again"


@pytest.mark.parametrize(
    ("between", "lost"),
    [
        (wire("hello", 7, session=2), True),
        (wire("hello", 7, session=1), False),
        (wire("reset", 7), True),
        (wire("get_stats", 7), False),
    ],
)
def test_what_a_new_session_and_a_reset_forget(both: Both, between: bytes, lost: bool) -> None:
    pcm = noise(900, 2)
    frames = segment(1, pcm)
    first, again = wire("get_features", 5, segment=1, window=0, first_frame=0), wire("get_stats", 6)
    said = names(
        both([wire("hello", 1, session=1), *frames[:-1], first, again, between, first, again, frames[-1]])
    )
    assert said[-1] == ("error 4" if lost else "result")
    assert said.count("features") == (1 if lost else 2)


sequences = st.integers(0, 5)
numbers = st.integers(0, 2)


@st.composite
def requests(draw: st.DrawFn) -> list[bytes]:
    """One or several frames, mostly sensible."""
    sequence = draw(sequences)
    often = ["segment"] * 3 + ["hello"] * 2
    kind = draw(st.sampled_from([*often, "begin", "audio", "end", "features", "stats", "reset", "raw"]))
    match kind:
        case "segment":
            pcm = noise(draw(st.sampled_from([3, 1500, 8000, 12500])), draw(st.integers(0, 3)))
            return segment(draw(numbers), pcm, draw(st.sampled_from([480, 480, 333])))
        case "begin":
            return [wire("begin", sequence, segment=draw(numbers), samples=draw(st.integers(0, 2000)))]
        case "audio":
            pcm = noise(draw(st.integers(0, 480)), 0)
            return [wire("audio", sequence, segment=draw(numbers), offset=draw(st.integers(0, 900)), pcm=pcm)]
        case "end":
            return [wire("end", sequence, segment=draw(numbers), checksum=draw(st.integers(0, 2)))]
        case "features":
            place = {"window": draw(numbers), "first_frame": draw(st.integers(0, 60))}
            return [wire("get_features", sequence, segment=draw(numbers), **place)]
        case "hello":
            return [wire("hello", sequence, session=draw(numbers))]
        case "stats":
            return [wire("get_stats", sequence)]
        case "reset":
            return [wire("reset", sequence)]
    return [encode_frame(Frame(draw(st.integers(0, 255)), sequence, draw(st.binary(max_size=70))))]


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Pieces of a stream: requests, some of them damaged, repeated, dropped, swapped or of another version."""
    frames = [frame for part in draw(st.lists(requests(), min_size=1, max_size=6)) for frame in part]
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(frames) - 1))
        match draw(st.sampled_from(["bit", "cut", "repeat", "drop", "swap", "noise", "version", "zero"])):
            case "bit":
                bit = draw(st.integers(0, 8 * len(frames[at]) - 1)) if frames[at] else 0
                damaged = bytearray(frames[at] or b"\1")
                damaged[bit // 8] ^= 1 << bit % 8
                frames[at] = bytes(damaged)
            case "cut":
                frames[at] = frames[at][: draw(st.integers(0, len(frames[at])))]
            case "repeat":
                frames.insert(draw(st.integers(at, len(frames))), frames[at])
            case "drop":
                frames[at] = b""
            case "swap":
                other = draw(st.integers(0, len(frames) - 1))
                frames[at], frames[other] = frames[other], frames[at]
            case "noise":
                frames.insert(at, draw(st.binary(max_size=50)))
            case "zero":
                frames.insert(at, b"\0" * draw(st.integers(1, 3)))
            case "version":
                frames.insert(at, wire("reset", draw(sequences), version=draw(st.sampled_from([0, 2, 255]))))
    stream = b"".join(frames)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@settings(max_examples=400, deadline=None)
@given(pieces=streams())
def test_any_stream_is_answered_alike(both: Both, pieces: list[bytes]) -> None:
    end = b"\0" + wire("get_stats", 60000)
    assert names(both([*pieces, end]))[-1] == "stats", "whatever came, it still answers"
