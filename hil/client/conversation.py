"""Requests and their replies over a link that may lose, damage, repeat or delay them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from firmware_bridge.base.errors import DeviceError, DeviceSilent, UndertoneError
from firmware_bridge.protocol import (
    TABLE,
    ErrorCode,
    Fault,
    Frame,
    FrameDecoder,
    Message,
    Reply,
    Request,
    decode,
    encode_frame,
    encode_message,
)
from firmware_bridge.protocol.messages import Error
from hil.link.link import Link
from hil.link.timing import Timing

R = TypeVar("R", bound=Reply)

_REMEDIES: dict[int, str] = {
    ErrorCode.BAD_VERSION: "bring host and firmware to the same version",
    ErrorCode.UNKNOWN_MESSAGE: "bring host and firmware to the same version",
    ErrorCode.NO_BUNDLE: "send it a bundle for this firmware: `undertone update`",
    ErrorCode.NOT_CAPABLE: "use a device that has it; `hello` tells what a device can do",
}


class DeviceRefused(DeviceError):
    """The device answered a request with an error.

    Args:
        code: A number of the protocol's error table.
        sentence: The device's own words.
    """

    def __init__(self, code: int, sentence: str) -> None:
        known = {number: name for name, number in TABLE.errors.items()}
        name = known.get(code, f"error {code}")
        super().__init__(f"the device refused: {name}: {sentence}", _REMEDIES.get(code, "see protocol.toml"))
        self.code = code


@dataclass
class Heard:
    """What came from the device since a request, so that silence can be told from noise."""

    count: int = 0
    frames: int = 0
    faults: dict[Fault, int] = field(default_factory=dict)
    versions: set[int] = field(default_factory=set)

    def explain(self, request: str, attempts: int) -> DeviceSilent:
        """Return the error for a request that was never answered."""
        tries = f"no answer to '{request}' after {attempts} attempt{'s' if attempts > 1 else ''}"
        if self.versions:
            versions = ", ".join(map(str, sorted(self.versions)))
            return DeviceSilent(
                f"{tries}: the device speaks version {versions} of the wire, this program {TABLE.version}",
                "flash the firmware of this version, or use the program of that one",
            )
        if self.count == 0:
            return DeviceSilent(
                f"{tries}: not a single byte came", "check port, power and that the firmware runs"
            )
        if self.frames == 0 and Fault.CHECKSUM not in self.faults:
            return DeviceSilent(
                f"{tries}: {self.count} bytes came, none of them a frame",
                "another program talks on this port (a boot log, a console?), or the baud rate is wrong",
            )
        damaged = sum(self.faults.values())
        return DeviceSilent(
            f"{tries}: {self.count} bytes came, {self.frames} frames, {damaged} damaged",
            "the line loses data: try another cable or a lower rate",
        )


class Conversation:
    """Sends frames and collects frames; knows nothing of segments.

    Args:
        link: The byte stream.
        timing: Waiting times.
        first_sequence: Sequence number to start from.
    """

    def __init__(self, link: Link, timing: Timing, first_sequence: int = 0) -> None:
        self.link, self.timing = link, timing
        self._decoder = FrameDecoder()
        self._sequence = first_sequence
        self.heard = Heard()

    def next_sequence(self) -> int:
        """Return a new sequence number."""
        self._sequence = (self._sequence + 1) % 65536
        return self._sequence

    def send(self, message: Message, sequence: int, deadline: float) -> None:
        """Send one message; a zero byte before it ends whatever half frame the device may hold."""
        frame = Frame(message.kind, sequence, encode_message(message))
        self.link.write(b"\0" + encode_frame(frame), deadline)

    def receive(self, deadline: float) -> Iterator[tuple[int, Message]]:
        """Yield (sequence, message) of what arrives next; nothing at the deadline."""
        data = self.link.read(deadline)
        self.heard.count += len(data)
        for found in self._decoder.push(data):
            if not isinstance(found, Frame):
                self.heard.faults[found.fault] = self.heard.faults.get(found.fault, 0) + 1
                if found.fault is Fault.VERSION:
                    self.heard.versions.add(found.detail)
                continue
            self.heard.frames += 1
            try:
                yield found.sequence, decode(found.kind, found.payload)
            except UndertoneError:
                self.heard.faults[Fault.ENCODING] = self.heard.faults.get(Fault.ENCODING, 0) + 1

    def ask(self, request: Request[R], call_deadline: float, work_s: float = 0.0) -> R:
        """Send a request until it is answered.

        Args:
            request: What is asked.
            call_deadline: Time at which the whole call must have ended.
            work_s: What the device may need for computing.

        Raises:
            DeviceSilent: No answer to any attempt, or the call's deadline passed.
            DeviceRefused: The device answered with an error.
        """
        sequence = self.next_sequence()
        size = sum(TABLE.layouts[each].most_bytes for each in (request.name, request.reply.name))
        wait = self.timing.reply_s + work_s + self.timing.wire_s(size, self.link.bytes_per_second)
        self.heard = Heard()
        attempt = 0
        while attempt < self.timing.attempts and self.link.now() < call_deadline:
            attempt += 1
            deadline = min(call_deadline, self.link.now() + wait)
            self.send(request, sequence, deadline)
            while self.link.now() < deadline:
                for came, message in self.receive(deadline):
                    if came != sequence:
                        continue  # a late or repeated answer to something else
                    if isinstance(message, Error):
                        raise DeviceRefused(message.code, message.sentence)
                    if isinstance(message, request.reply):
                        return cast(R, message)  # `reply` is the class that R stands for
        raise self.heard.explain(request.name, attempt)
