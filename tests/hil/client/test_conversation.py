"""One request and its answer: what is taken for it, what is not, and what is said when none comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from firmware_bridge.base.errors import DeviceSilent
from firmware_bridge.protocol import (
    TABLE,
    ErrorCode,
    Fault,
    Frame,
    FrameDecoder,
    Kind,
    encode,
    encode_frame,
)
from firmware_bridge.protocol.messages import GetStats
from hil.client.conversation import Conversation, DeviceRefused, Heard
from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing

TIMING = Timing(reply_s=1.0, attempts=3, margin=1.0)
STATS = {field.name: 7 for field in TABLE.layouts["stats"].fields}
Answer = Callable[[Frame], Iterable[bytes]]


class Device:
    """Answers each request frame with what the test says, and remembers the requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.asked, self.raw = answer, [], b""  # type: tuple[Answer, list[Frame], bytes]
        self._decoder = FrameDecoder()

    def push(self, data: bytes) -> bytes:
        self.raw += data
        frames = [found for found in self._decoder.push(data) if isinstance(found, Frame)]
        self.asked += frames
        return b"".join(part for frame in frames for part in self.answer(frame))


def reply(name: str, sequence: int, **fields: Any) -> bytes:
    return encode_frame(Frame(TABLE.layouts[name].id, sequence, encode(name, **fields)))


def stats(frame: Frame) -> Iterable[bytes]:
    yield reply("stats", frame.sequence, **STATS)


def silent(_: Frame) -> Iterable[bytes]:
    return ()


def talk(answer: Answer, first_sequence: int = 0, timing: Timing = TIMING) -> tuple[Conversation, Device]:
    device = Device(answer)
    return Conversation(MemoryLink(device, 1e6), timing, first_sequence), device


class TestAsking:
    def test_an_answer_is_taken_at_once(self) -> None:
        conversation, device = talk(stats)
        assert conversation.ask(GetStats(), 100.0).uptime_ms == 7
        assert [frame.kind for frame in device.asked] == [Kind.GET_STATS]
        assert conversation.link.now() < 0.1

    def test_every_request_has_a_number_of_its_own(self) -> None:
        conversation, device = talk(stats)
        for _ in range(3):
            conversation.ask(GetStats(), 100.0)
        assert [frame.sequence for frame in device.asked] == [1, 2, 3]

    def test_numbers_go_round_after_the_last(self) -> None:
        conversation, device = talk(stats, first_sequence=65534)
        for _ in range(3):
            conversation.ask(GetStats(), 100.0)
        assert [frame.sequence for frame in device.asked] == [65535, 0, 1]

    def test_a_zero_byte_ends_what_the_device_may_hold(self) -> None:
        conversation, device = talk(stats)
        conversation.ask(GetStats(), 100.0)
        assert device.raw.startswith(b"\0")

    def test_the_same_number_is_sent_again(self) -> None:
        """The device repeats its reply to a number that it knows: so an attempt must not take a new one."""
        turns = iter([silent, silent, stats])
        conversation, device = talk(lambda frame: next(turns)(frame))
        conversation.ask(GetStats(), 100.0)
        assert [frame.sequence for frame in device.asked] == [1, 1, 1]

    def test_an_answer_to_something_else_is_passed_over(self) -> None:
        def late(frame: Frame) -> Iterable[bytes]:
            yield reply("stats", frame.sequence + 1, **STATS | {"uptime_ms": 1})
            yield reply("reset_done", frame.sequence)
            yield reply("stats", frame.sequence, **STATS | {"uptime_ms": 2})

        conversation, _ = talk(late)
        assert conversation.ask(GetStats(), 100.0).uptime_ms == 2

    def test_the_deadline_of_the_call_is_kept_over_attempts(self) -> None:
        conversation, device = talk(silent)
        with pytest.raises(DeviceSilent):
            conversation.ask(GetStats(), 1.5)
        assert conversation.link.now() == pytest.approx(1.5, abs=0.01)
        assert len(device.asked) == 2, "the third attempt had no time left"

    def test_work_of_the_device_is_waited_for(self) -> None:
        conversation, _ = talk(silent)
        with pytest.raises(DeviceSilent):
            conversation.ask(GetStats(), 1000.0, work_s=10.0)
        assert 3 * 11.0 <= conversation.link.now() < 3 * 11.1

    def test_a_call_whose_time_is_over_sends_nothing(self) -> None:
        conversation, device = talk(stats)
        conversation.link.pass_time(5.0)  # type: ignore[attr-defined]
        with pytest.raises(DeviceSilent, match="after 0 attempt"):
            conversation.ask(GetStats(), 5.0)
        assert device.asked == []


class TestRefusals:
    def refused(self, code: int, sentence: str = "no") -> DeviceRefused:
        conversation, _ = talk(
            lambda frame: [reply("error", frame.sequence, code=code, request=frame.kind, sentence=sentence)]
        )
        with pytest.raises(DeviceRefused) as caught:
            conversation.ask(GetStats(), 100.0)
        return caught.value

    @pytest.mark.parametrize("name", TABLE.errors)
    def test_every_code_has_its_name_and_a_remedy(self, name: str) -> None:
        error = self.refused(TABLE.errors[name], "the device's own words")
        assert error.what == f"the device refused: {name}: the device's own words"
        assert error.code == TABLE.errors[name]
        assert error.remedy

    def test_a_code_of_a_newer_firmware_is_given_as_it_is(self) -> None:
        assert self.refused(200).what == "the device refused: error 200: no"

    def test_what_a_user_can_do_about_it(self) -> None:
        assert "undertone update" in self.refused(ErrorCode.NO_BUNDLE).remedy
        assert "same version" in self.refused(ErrorCode.UNKNOWN_MESSAGE).remedy

    def test_a_refusal_of_another_request_is_not_ours(self) -> None:
        def other(frame: Frame) -> Iterable[bytes]:
            code, sentence = ErrorCode.INTERNAL, "of an earlier one"
            yield reply("error", frame.sequence + 5, code=code, request=frame.kind, sentence=sentence)
            yield from stats(frame)

        conversation, _ = talk(other)
        assert conversation.ask(GetStats(), 100.0).uptime_ms == 7


class TestSilence:
    def heard(self, answer: Answer) -> str:
        conversation, _ = talk(answer)
        with pytest.raises(DeviceSilent) as caught:
            conversation.ask(GetStats(), 100.0)
        assert caught.value.remedy
        return caught.value.what

    def test_nothing(self) -> None:
        assert self.heard(silent) == "no answer to 'get_stats' after 3 attempts: not a single byte came"

    def test_a_boot_log(self) -> None:
        said = self.heard(lambda frame: [b"U-Boot 2021.04\r\n"])
        assert "48 bytes came, none of them a frame" in said

    def test_frames_that_are_all_damaged(self) -> None:
        def flipped(frame: Frame) -> Iterable[bytes]:
            wire = bytearray(reply("stats", frame.sequence, **STATS))
            wire[9] ^= 1
            yield bytes(wire)

        said = self.heard(flipped)
        assert "0 frames, 3 damaged" in said

    def test_frames_of_another_layout(self) -> None:
        """The checksum is right and the payload is not what this version reads: counted as damage."""
        said = self.heard(lambda frame: [encode_frame(Frame(Kind.STATS, frame.sequence, b"\1\2\3"))])
        assert "3 frames, 3 damaged" in said

    def test_another_version(self) -> None:
        heard = Heard(count=40, faults={Fault.VERSION: 2}, versions={TABLE.version + 1})
        error = heard.explain("hello", 1)
        assert (
            f"the device speaks version {TABLE.version + 1} of the wire, this program {TABLE.version}"
            in error.what
        )
        assert "after 1 attempt:" in error.what
        assert "flash" in error.remedy

    def test_what_was_heard_before_does_not_count(self) -> None:
        turns = iter([stats, silent, silent, silent])
        conversation, _ = talk(lambda frame: next(turns)(frame))
        conversation.ask(GetStats(), 100.0)
        with pytest.raises(DeviceSilent, match="not a single byte came"):
            conversation.ask(GetStats(), 100.0)
