"""Tells apart what comes over a port: frames of our protocol, other people's text, noise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmware_bridge.protocol import TABLE, Fault, Frame, FrameDecoder
from firmware_bridge.protocol.framing import LONGEST_ENCODED

# A whole frame and a long line before it; what is longer is shown in pieces.
MOST_HELD = 2 * LONGEST_ENCODED
_ODD_BUT_TEXT = set("\t\r\n\x1b")


class What(StrEnum):
    """What was seen."""

    FRAME = "frame"
    TEXT = "text"
    NOISE = "noise"


@dataclass(frozen=True)
class Seen:
    """A stretch of bytes that was understood, or not.

    Attributes:
        what: Frame, text or noise.
        data: The bytes as they came, without the zero byte that ends a frame.
        frame: The frame; None for one of another version of the protocol, and for all else.
        fault: Why it is no frame of ours, where it might have been meant as one.
        version: The protocol version of a frame that is of another one, else 0.
    """

    what: What
    data: bytes
    frame: Frame | None = None
    fault: Fault | None = None
    version: int = 0

    @property
    def text(self) -> str:
        """The bytes as text, without what would move a terminal's cursor."""
        return "".join(c if c.isprintable() or c == "\t" else " " for c in _decode(self.data)).rstrip()


class Sniffer:
    """Takes bytes as they come and never holds more than `MOST_HELD` of them.

    A frame's second byte is the protocol's version, which is no printable character: so a stretch that is
    printable up to a line's end is text and can be shown at once, and text that runs into a frame ends
    where the frame begins.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def push(self, data: bytes) -> list[Seen]:
        """Take the next bytes; return what they complete, in order."""
        self._held += data
        found: list[Seen] = []
        while True:
            zero, line = self._held.find(0), self._held.find(b"\n")
            before_zero = zero < 0 or line < zero
            if line >= 0 and before_zero and _is_text(self._held[: line + 1]):
                found.append(Seen(What.TEXT, bytes(self._take(line + 1))))
            elif zero >= 0:
                part = bytes(self._take(zero + 1))[:-1]
                found += _frames_and_rest(part) if part else []
            else:
                break
        if len(self._held) > MOST_HELD:
            found += _foreign(bytes(self._take(len(self._held) - LONGEST_ENCODED)))
        return found

    def rest(self) -> list[Seen]:
        """Return what is still held: a prompt without a line's end, half a frame."""
        return _foreign(bytes(self._take(len(self._held))), Fault.SHORT)

    @property
    def holds_text(self) -> bool:
        """Whether what is held reads as text so far: nothing but a line's end is missing."""
        return bool(self._held) and _is_text(self._held)

    def _take(self, count: int) -> bytearray:
        taken = self._held[:count]
        del self._held[:count]
        return taken


def _frames_and_rest(part: bytes) -> list[Seen]:
    """Return the frame that a zero byte has ended, and what ran into it."""
    whole = _decode_frame(part)
    if whole is not None:
        return [whole]
    for at in range(2, len(part)):
        if part[at] == TABLE.version and (frame := _decode_frame(part[at - 1 :])) is not None:
            return [*_foreign(part[: at - 1]), frame]
    (fault,) = FrameDecoder().push(part + b"\0")
    return _foreign(part, None if isinstance(fault, Frame) else fault.fault)


def _decode_frame(part: bytes) -> Seen | None:
    (found,) = FrameDecoder().push(part + b"\0")
    if isinstance(found, Frame):
        return Seen(What.FRAME, part, found)
    if found.fault is Fault.VERSION:
        return Seen(What.FRAME, part, None, found.fault, found.detail)
    return None


def _foreign(part: bytes, fault: Fault | None = None) -> list[Seen]:
    """Return bytes that are no frame: text line by line, or noise."""
    if not part:
        return []
    if not _is_text(part):
        return [Seen(What.NOISE, part, fault=fault)]
    return [Seen(What.TEXT, line) for line in part.splitlines(keepends=True)]


def _is_text(data: bytes | bytearray) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in _ODD_BUT_TEXT for c in text)


def _decode(data: bytes) -> str:
    return data.decode(errors="replace")
