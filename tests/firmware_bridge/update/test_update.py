"""core/update.c: an image into the other slot, and all that can go wrong on the way."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware_bridge.contract.image import HEADER_BYTES, parse_image
from firmware_bridge.ports.flash import Cut, Flash
from firmware_bridge.protocol import TABLE, ErrorCode, Frame, FrameDecoder, decode, encode, encode_frame

SLOT_BYTES = 64 * 1024
PAGE = 2048


def digest(image: bytes) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(image).digest(), np.uint8)


def begin(device: Any, image: bytes) -> Any:
    return device.ask("update_begin", bytes=len(image), sha256=digest(image))


def data(device: Any, image: bytes, at: int, count: int = 960) -> Any:
    piece = np.frombuffer(image[at : at + count], np.uint8)
    return device.ask("update_data", offset=at, data=piece)


def rest(device: Any, image: bytes, at: int = 0, count: int = 960) -> None:
    """Send all from `at` on."""
    while at < len(image):
        at = data(device, image, at, count).received


def identity_of(image: bytes) -> str:
    return image[12:44].hex()


def refused(reply: Any, code: ErrorCode, words: str = "") -> None:
    assert reply.name == "error", reply
    assert reply.code == code, reply.sentence
    assert words in reply.sentence


def restarted(device: Any) -> Any:
    """Return the device after a new start on the same flash."""
    made = type(device)(device.core, device.flash)
    made.start()
    return made


def test_update_changes_the_bundle_now_and_after_a_restart(device: Any, images: list[bytes]) -> None:
    assert device.bundle_id() == identity_of(images[0])
    reply = device.update(images[1])
    assert (reply.name, reply.slot, reply.bundle) == ("update_done", 1, identity_of(images[1]))
    assert device.bundle_id() == identity_of(images[1])
    assert device.ask("hello", session=1).slot == 1
    assert device.loaded[1] == parse_image(images[1]).keyword.model, "the mailbox has the new networks"
    assert device.flash.content(0)[: len(images[0])] == images[0], "the old one is kept"
    again = restarted(device)
    assert (again.slot, again.bundle_id()) == (1, identity_of(images[1]))


def test_updates_take_turns(device: Any, images: list[bytes]) -> None:
    for number in range(7):
        image = images[number % 3]
        reply = device.update(image)
        assert (reply.name, reply.slot) == ("update_done", 1 - number % 2)
        device = restarted(device)
        assert device.bundle_id() == identity_of(image)


def test_the_same_image_again_is_an_update_too(device: Any, images: list[bytes]) -> None:
    assert device.update(images[0]).slot == 1
    assert device.update(images[0]).slot == 0
    assert device.bundle_id() == identity_of(images[0])


@pytest.mark.parametrize("count", [1, 100, 959, 960])
def test_any_size_of_pieces_gives_the_same_slot(device: Any, image: bytes, count: int) -> None:
    short = image[: HEADER_BYTES + 300] if count == 1 else image
    begin(device, short)
    rest(device, short, 0, count)
    reply = device.ask("update_end")
    assert device.flash.content(1)[: len(short)] == short
    assert device.flash.content(1)[len(short) :].count(0xFF) == SLOT_BYTES - len(short)
    assert (reply.name == "update_done") == (short is image)


def test_flash_is_written_in_whole_pages(device: Any, image: bytes) -> None:
    places = []
    program = device.flash.program

    def watched(area: int, offset: int, content: bytes) -> bool:
        places.append((area, offset, len(content)))
        return bool(program(area, offset, content))

    device.flash.program = watched
    device.update(image)
    pages = [place for place in places if place[0] == 1]
    assert [offset for _, offset, _ in pages] == list(range(0, len(image), PAGE))
    assert {count for _, _, count in pages[:-1]} == {PAGE}


def test_begin_again_goes_on_where_it_was(device: Any, image: bytes) -> None:
    assert begin(device, image).received == 0
    data(device, image, 0)
    data(device, image, 960)
    reply = begin(device, image)
    assert (reply.name, reply.slot, reply.received) == ("update_ready", 1, 1920)
    assert device.flash.wear[1] == 1
    rest(device, image, 1920)
    assert device.ask("update_end").name == "update_done"


def test_begin_of_another_image_starts_anew(device: Any, images: list[bytes]) -> None:
    begin(device, images[1])
    data(device, images[1], 0)
    assert begin(device, images[2]).received == 0
    assert device.flash.wear[1] == 2
    rest(device, images[2])
    assert device.ask("update_end").bundle == identity_of(images[2])


def test_the_same_hash_for_another_length_starts_anew(device: Any, images: list[bytes]) -> None:
    begin(device, images[1])
    data(device, images[1], 0)
    reply = device.ask("update_begin", bytes=len(images[1]) - 16, sha256=digest(images[1]))
    assert reply.received == 0
    assert device.flash.wear[1] == 2


def test_what_was_begun_before_is_gone_when_the_erase_fails(device: Any, images: list[bytes]) -> None:
    begin(device, images[1])
    data(device, images[1], 0)
    device.flash.erase = lambda area: False
    refused(begin(device, images[2]), ErrorCode.STORAGE_FAILED)
    refused(data(device, images[1], 960), ErrorCode.NO_UPDATE)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_after_a_failed_program_the_update_is_over(device: Any, image: bytes, failing: int) -> None:
    """Whichever page it was: what came later would lie in flash behind a hole."""
    program = device.flash.program
    device.flash.program = lambda area, offset, data: offset != failing * PAGE and program(area, offset, data)
    begin(device, image)
    at = 0
    while (reply := data(device, image, at)).name == "update_ack":
        at = reply.received
    refused(reply, ErrorCode.STORAGE_FAILED)
    refused(data(device, image, at), ErrorCode.NO_UPDATE)
    refused(device.ask("update_end"), ErrorCode.NO_UPDATE)


def test_gaps_and_repeats_change_nothing(device: Any, image: bytes, rng: np.random.Generator) -> None:
    begin(device, image)
    received = 0
    while received < len(image):
        wrong = int(rng.integers(0, len(image)))
        if wrong != received:
            assert data(device, image, wrong, 333).received == received
        received = data(device, image, received).received
        assert data(device, image, max(0, received - 960), 960).received == received
    assert data(device, b"", 0).received == received
    assert device.ask("update_end").name == "update_done"


def test_a_piece_without_bytes_is_answered(device: Any, image: bytes) -> None:
    begin(device, image)
    assert data(device, b"", 0).received == 0


def test_data_beyond_the_end_is_refused(device: Any, image: bytes) -> None:
    begin(device, image)
    for offset, count in ((len(image), 1), (len(image) - 10, 11), (0xFFFFFFFF, 1), (0xFFFFFFFF - 958, 960)):
        piece = np.zeros(count, np.uint8)
        reply = device.ask("update_data", offset=offset, data=piece)
        refused(reply, ErrorCode.OUT_OF_RANGE, f"data at {offset} goes beyond")
    assert data(device, image, 0).received == 960


def test_without_a_beginning_nothing_is_taken(device: Any, image: bytes) -> None:
    refused(data(device, image, 0), ErrorCode.NO_UPDATE, "no update was begun")
    refused(device.ask("update_end"), ErrorCode.NO_UPDATE)
    assert device.flash.operations == 0


def test_the_end_before_all_came_is_refused_and_can_be_mended(device: Any, image: bytes) -> None:
    begin(device, image)
    data(device, image, 0)
    refused(device.ask("update_end"), ErrorCode.INCOMPLETE, f"960 of {len(image)} bytes came")
    rest(device, image, 960)
    assert device.ask("update_end").name == "update_done"
    refused(device.ask("update_end"), ErrorCode.NO_UPDATE)


def test_a_repeated_end_is_answered_again_and_not_done_again(device: Any, images: list[bytes]) -> None:
    """The reply was lost: the same frame comes once more."""
    begin(device, images[1])
    rest(device, images[1])
    wire = encode_frame(Frame(TABLE.layouts["update_end"].id, 999, encode("update_end")))
    first = device.exchange(wire)
    operations = device.flash.operations
    assert device.exchange(wire) == first
    assert device.flash.operations == operations
    (found,) = FrameDecoder().push(first)
    assert decode(found.kind, found.payload).name == "update_done"


@pytest.mark.parametrize("how", ["reset", "hello"])
def test_a_reset_and_a_new_session_forget_the_update(device: Any, images: list[bytes], how: str) -> None:
    device.ask("hello", session=1)
    begin(device, images[1])
    data(device, images[1], 0)
    device.ask("reset") if how == "reset" else device.ask("hello", session=2)
    refused(data(device, images[1], 960), ErrorCode.NO_UPDATE)
    assert device.ask("hello", session=2).bundle == identity_of(images[0])
    assert device.update(images[1]).name == "update_done"


def damaged(image: bytes, at: int) -> bytes:
    made = bytearray(image)
    made[at] ^= 1
    return bytes(made)


def with_field(image: bytes, at: int, value: int) -> bytes:
    """Return an image with one number of its header changed, and its checksum right."""
    made = bytearray(image)
    struct.pack_into("<I", made, at, value)
    struct.pack_into("<I", made, HEADER_BYTES - 4, zlib.crc32(made[: HEADER_BYTES - 4]))
    return bytes(made)


REFUSED: dict[str, tuple[Callable[[bytes], bytes], ErrorCode, str]] = {
    "a network differs from its hash": (lambda i: damaged(i, HEADER_BYTES + 50), ErrorCode.WRONG_HASH, "damaged"),
    "the header is damaged": (lambda i: damaged(i, 100), ErrorCode.WRONG_HASH, "damaged"),
    "nothing but noise": (lambda i: b"noise" * 2000, ErrorCode.WRONG_HASH, "damaged"),
    "only a header": (lambda i: i[:HEADER_BYTES], ErrorCode.WRONG_HASH, "damaged"),
    "less than a header": (lambda i: i[:100], ErrorCode.WRONG_HASH, "damaged"),
    "nothing": (lambda i: b"", ErrorCode.WRONG_HASH, "damaged"),
    "truncated": (lambda i: i[:-16], ErrorCode.WRONG_HASH, "damaged"),
    "something after it": (lambda i: i + bytes(16), ErrorCode.WRONG_HASH, "damaged"),
    "other front-end": (lambda i: with_field(i, 44, 1), ErrorCode.WRONG_FRONTEND, "another front-end"),
    "other window": (lambda i: with_field(i, 84, 16000), ErrorCode.WRONG_FRONTEND, "other windows"),
    "arena": (lambda i: with_field(i, 136, 1 << 20), ErrorCode.DOES_NOT_FIT, "arenas"),
    "larger than a slot": (lambda i: i.ljust(SLOT_BYTES + 16, b"\0"), ErrorCode.DOES_NOT_FIT, "a slot has 65536"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_run_is_never_enabled(device: Any, images: list[bytes], name: str) -> None:
    change, code, words = REFUSED[name]
    device.bundle_id()
    refused(device.update(change(images[1])), code, words)
    assert device.bundle_id() == identity_of(images[0])
    assert device.loaded[1] == parse_image(images[0]).keyword.model
    assert device.flash.wear[2:] == [0, 0], "no record was touched"
    assert restarted(device).bundle_id() == identity_of(images[0])
    assert device.update(images[1]).name == "update_done"


def test_other_bytes_than_announced_are_refused(device: Any, images: list[bytes]) -> None:
    announced = hashlib.sha256(images[2]).digest()
    refused(device.update(images[1], announced), ErrorCode.WRONG_HASH, "not the one that was announced")
    assert device.bundle_id() == identity_of(images[0])


def test_a_short_hash_is_malformed(device: Any, image: bytes) -> None:
    reply = device.ask("update_begin", bytes=len(image), sha256=digest(image)[:31])
    refused(reply, ErrorCode.MALFORMED, "a SHA-256 of 31 bytes")
    assert device.flash.operations == 0


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_network_that_cannot_be_loaded_brings_back_the_old_one(
    device: Any, images: list[bytes], status: int
) -> None:
    device.refuse_load[parse_image(images[1]).keyword.model] = status
    refused(device.update(images[1]), ErrorCode.INTERNAL if status == 3 else ErrorCode.DOES_NOT_FIT)
    assert device.bundle_id() == identity_of(images[0])
    assert device.loaded[1] == parse_image(images[0]).keyword.model
    assert device.flash.wear[2:] == [0, 0]
    assert restarted(device).slot == 0


@pytest.mark.parametrize("what", ["erase", "program", "record erase", "record program", "read back"])
def test_failing_flash_is_said_and_the_old_bundle_stays(device: Any, images: list[bytes], what: str) -> None:
    flash = device.flash
    erase, program, read = flash.erase, flash.program, flash.read
    wanted = {"erase": 1, "program": 1, "record erase": 2, "record program": 2, "read back": 1}[what]
    if "erase" in what:
        flash.erase = lambda area: area != wanted and erase(area)
    elif "program" in what:
        flash.program = lambda area, offset, data: area != wanted and program(area, offset, data)
    else:
        flash.read = lambda area, offset, count: None if area == wanted else read(area, offset, count)
    refused(device.update(images[1]), ErrorCode.STORAGE_FAILED, "flash")
    assert device.bundle_id() == identity_of(images[0])
    refused(device.ask("update_end"), ErrorCode.NO_UPDATE)
    flash.erase, flash.program, flash.read = erase, program, read
    assert restarted(device).bundle_id() == identity_of(images[0])
    assert device.update(images[1]).name == "update_done"


def test_update_while_a_segment_is_open(device: Any, images: list[bytes]) -> None:
    """The segment goes on while data come, and is gone once its networks are."""
    pcm = np.zeros(480, np.int16)
    device.ask("begin", segment=7, samples=960)
    begin(device, images[1])
    rest(device, images[1])
    assert device.ask("begin", segment=7, samples=960).received == 0
    device.ask("end", segment=7, checksum=0)
    assert device.ask("update_end").name == "update_done"
    refused(device.ask("audio", segment=7, offset=0, pcm=pcm), ErrorCode.NO_SEGMENT)
    assert device.ask("begin", segment=8, samples=480).name == "ready"
    device.ask("audio", segment=8, offset=0, pcm=pcm)
    reply = device.ask("end", segment=8, checksum=zlib.crc32(pcm.tobytes()))
    assert (reply.name, len(reply.acoustic), len(reply.keyword)) == ("result", 3, 2)


def test_update_while_listening(device: Any, images: list[bytes]) -> None:
    """Listening ends when the networks change; the host asks for it again."""
    switched: list[int] = []

    def take(_: Any, pcm: Any, most: int, lost: Any) -> int:
        for index in range(most):
            pcm[index] = index % 100
        return int(most)

    device.give("microphone", take)
    device.give("microphone_power", lambda _, on: switched.append(on))
    assert device.ask("listen", mode=1).mode == 1
    for _ in range(3):
        device.core.lib.ut_device_poll(device.device)
    begin(device, images[1])
    device.core.lib.ut_device_poll(device.device)
    rest(device, images[1])
    assert device.ask("update_end").name == "update_done"
    assert switched == [1, 0]
    refused(device.ask("get_live"), ErrorCode.NOT_LISTENING)
    assert device.ask("listen", mode=1).mode == 1


STARTS: dict[str, Callable[[bytes], Flash]] = {
    "both slots empty": lambda i: Flash(SLOT_BYTES),
    "both slots rubbish": lambda i: Flash(SLOT_BYTES, [b"no" * 9000, b"nor this" * 3000]),
    "both slots cut short": lambda i: Flash(SLOT_BYTES, [i[:-200], i[:5000]]),
    "all rubbish": lambda i: Flash(SLOT_BYTES, [b"\0" * SLOT_BYTES] * 2, [b"\0" * 4096] * 2),
    "records point to the empty slot": lambda i: Flash(SLOT_BYTES, [b"", i[:-1]], [b"UTRC", b"\xff" * 16]),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_device_without_a_bundle_answers_and_can_be_updated(
    make_device: Any, image: bytes, name: str
) -> None:
    flash = STARTS[name](image)
    device = make_device(flash)
    assert device.start() == -1
    hello = device.ask("hello", session=1)
    assert (hello.bundle, hello.slot, hello.labels, hello.keywords) == ("", 255, 0, 0)
    refused(device.ask("begin", segment=1, samples=480), ErrorCode.NO_BUNDLE)
    assert device.update(image).name == "update_done"
    assert device.bundle_id() == identity_of(image)
    assert restarted(device).bundle_id() == identity_of(image)
    assert flash.misuse == []


@pytest.mark.parametrize("name", STARTS)
def test_a_cut_in_a_first_update_leaves_no_bundle_or_the_new_one(
    make_device: Any, image: bytes, name: str
) -> None:
    """At every operation: a device that had nothing has nothing or all of it, and can be updated."""
    flash = STARTS[name](image)
    start, seen = flash.snapshot(), set()
    count = 1 + -(-len(image) // PAGE) + 2
    for at in range(count):
        for seed in range(6):
            flash.restore(start)
            flash.power_on(Cut(at, seed))
            device = make_device(flash)
            device.start()
            with pytest.raises(ValueError, match="not enough values"):  # no answer comes any more
                device.update(image)
            assert flash.off
            flash.power_on()
            again = make_device(flash)
            again.start()
            assert again.bundle_id() in ("", identity_of(image))
            seen.add((at == count - 1, again.bundle_id() == ""))
            assert again.update(image).name == "update_done"
            assert restarted(again).bundle_id() == identity_of(image)
    assert (False, True) in seen
    assert flash.misuse == []


def test_record_areas_of_rubbish_leave_the_first_slot(make_device: Any, images: list[bytes]) -> None:
    flash = Flash(SLOT_BYTES, images[:2], [b"\x5a" * 4096, bytes(4096)])
    device = make_device(flash)
    assert device.start() == 0
    assert device.update(images[2]).slot == 1
    assert restarted(device).bundle_id() == identity_of(images[2])
    assert flash.misuse == []


def test_where_the_enabled_slot_is_spoilt_the_other_one_runs(device: Any, images: list[bytes]) -> None:
    """And an update goes into the spoilt one, though the record names it."""
    device.update(images[1])
    device.flash.erase(1)
    again = restarted(device)
    assert (again.slot, again.bundle_id()) == (0, identity_of(images[0]))
    assert again.update(images[2]).slot == 1
    assert restarted(again).bundle_id() == identity_of(images[2])


def test_a_bundle_that_cannot_be_loaded_now_is_not_overwritten(make_device: Any, images: list[bytes]) -> None:
    """Nothing runs, say because the Edge TPU failed: the enabled slot is kept, the other one is written."""
    flash = Flash(SLOT_BYTES, images[:1])
    device = make_device(flash)
    device.refuse_load[parse_image(images[0]).keyword.model] = 3
    assert device.start() == -1
    assert device.update(images[1]).slot == 1
    assert flash.content(0)[: len(images[0])] == images[0]


def test_a_device_without_flash_says_so(core: Any, make_device: Any, image: bytes) -> None:
    device = make_device(Flash(SLOT_BYTES), has_flash=False)
    assert device.start() == -1
    for reply in (begin(device, image), data(device, image, 0), device.ask("update_end")):
        refused(reply, ErrorCode.NOT_CAPABLE, "this device has no flash to update")
