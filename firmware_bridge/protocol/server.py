"""The device's side of the protocol: frames in, replies out, whatever carries them.

It is the executable specification of the firmware's own protocol code. It holds one segment, repeats
replies by sequence number, and answers everything that it does not know with an error.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from firmware_bridge.protocol import messages
from firmware_bridge.protocol.codec import MalformedMessage, decode, encode
from firmware_bridge.protocol.engine import Engine, Identity, MemoryMarks
from firmware_bridge.protocol.framing import Fault, Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.message import Message
from firmware_bridge.protocol.segment import Refusal, SegmentStore
from firmware_bridge.protocol.table import LIMITS, TABLE, ErrorCode, Kind

# Answers of a device that has neither, in the firmware's words (core/server.c).
NO_MICROPHONE = "this device has no microphone"
NO_FLASH = "this device has no flash to update"
UNKNOWN_TEMPERATURE = -(2**31)
UNTROUBLED = {"reset_reason": 0, "troubles": 0}  # a program that is simply there

_REPLIES = {layout.id: layout.reply for layout in TABLE.layouts.values()}
_OWN = [
    field.name for field in TABLE.layouts["identity"].fields if field.name in Identity.__dataclass_fields__
]


class DeviceServer:
    """Answers the protocol's requests with an engine's results.

    Args:
        engine: Computes features and scores; None where the device holds no bundle.
        identity: What `hello` is answered with.
        memory: Reads the port's memory marks.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        engine: Engine | None,
        identity: Identity,
        memory: Callable[[], MemoryMarks] = MemoryMarks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._identity, self._memory, self._clock = identity, memory, clock
        self._store = SegmentStore(engine, identity)
        self._decoder = FrameDecoder()
        self._started = clock()
        self._session: int | None = None
        # (sequence, kind, payload) -> reply. The reply to `audio` or to a long request is the same by nature.
        self._replies: OrderedDict[tuple[int, int, bytes], bytes] = OrderedDict()
        self._counts = {"frames_good": 0, "frames_bad": 0, "replies_repeated": 0}

    def push(self, data: bytes) -> bytes:
        """Take the next bytes from the host; return the bytes to send back."""
        return b"".join(map(self._answer, self._decoder.push(data)))

    def _answer(self, found: Frame | FrameFault) -> bytes:
        if isinstance(found, FrameFault):
            self._counts["frames_bad"] += 1
            if found.fault is not Fault.VERSION:
                return b""  # the host notices by the missing reply and asks again
            sentence = f"this device speaks version {TABLE.version} of the protocol, not {found.detail}"
            return _error(found.sequence, 0, ErrorCode.BAD_VERSION, sentence)
        self._counts["frames_good"] += 1
        key = (found.sequence, found.kind, found.payload)
        if key in self._replies:
            self._counts["replies_repeated"] += 1
            return self._replies[key]
        reply = self._reply(found)
        short = len(found.payload) <= LIMITS["request_bytes_kept"]
        if found.kind != Kind.AUDIO and short and reply:
            self._replies[key] = reply
            while len(self._replies) > LIMITS["replies_kept"]:
                self._replies.popitem(last=False)
        return reply

    def _reply(self, frame: Frame) -> bytes:
        reply = _REPLIES.get(frame.kind)
        if reply is None:
            sentence = f"this device knows no request of number {frame.kind}"
            return _error(frame.sequence, frame.kind, ErrorCode.UNKNOWN_MESSAGE, sentence)
        try:
            message = decode(frame.kind, frame.payload)
        except MalformedMessage:
            bad = (
                f"the payload of request {frame.kind} does not match its layout ({len(frame.payload)} bytes)"
            )
            return _error(frame.sequence, frame.kind, ErrorCode.MALFORMED, bad)
        try:
            fields = self._handle(message)
        except Refusal as refusal:
            return _error(frame.sequence, frame.kind, refusal.code, refusal.sentence)
        if fields is None:
            return b""
        return encode_frame(Frame(TABLE.layouts[reply].id, frame.sequence, encode(reply, **fields)))

    def _handle(self, message: Message) -> dict[str, Any] | None:
        """Return the fields of the reply; `None` where the protocol asks for no reply yet."""
        needs = TABLE.layouts[message.name].needs
        if needs is not None:  # this device can do nothing that a request may need
            raise Refusal(ErrorCode.NOT_CAPABLE, NO_FLASH if needs == "update" else NO_MICROPHONE)
        match message:
            case messages.Hello():
                return self._hello(message.session)
            case messages.Begin():
                return self._store.begin(message.segment, message.samples)
            case messages.Audio():
                return self._store.audio(message.segment, message.offset, message.pcm)
            case messages.End():
                scores = self._store.end(message.segment, message.checksum)
                peaks = self._memory()
                return scores | {
                    "ram_peak_bytes": peaks.ram_peak_bytes,
                    "stack_peak_bytes": peaks.stack_peak_bytes,
                }
            case messages.GetFeatures():
                return self._store.features(message.segment, message.window, message.first_frame)
            case messages.GetStats():
                return self._stats()
            case messages.GetCrash():
                return {"reason": 0, "uptime_ms": 0, "task": "", "registers": [], "trace": []}
            case _:
                self._forget()
                return {}

    def _hello(self, session: int) -> dict[str, Any]:
        if session != self._session:
            # Sequence numbers start again with a new host: its requests must not meet old replies.
            self._forget()
            self._session = session
        mine = self._identity
        own = {name: getattr(mine, name) for name in _OWN}
        limits = {name: LIMITS[name] for name in ("chunk_samples", "chunks_in_flight", "segment_samples")}
        return own | limits | {"session": session, "capabilities": 0, "cycles_per_us": 1} | UNTROUBLED

    def _stats(self) -> dict[str, Any]:
        marks = self._memory()
        known = {
            "uptime_ms": int(1000 * (self._clock() - self._started)) & 0xFFFFFFFF,
            **self._counts,
            "segments_scored": self._store.scored,
            "windows_scored": self._store.windows_scored,
            "audio_gaps": self._store.gaps,
            "ram_bytes": marks.ram_bytes,
            "ram_peak_bytes": marks.ram_peak_bytes,
            "stack_peak_bytes": marks.stack_peak_bytes,
            "temperature_mc": UNKNOWN_TEMPERATURE,
        }
        # The rest are counters of a chip: this device has none of them.
        return dict.fromkeys((field.name for field in TABLE.layouts["stats"].fields), 0) | known

    def _forget(self) -> None:
        self._replies.clear()
        self._store.clear()


def _error(sequence: int, request: int, code: int, sentence: str) -> bytes:
    short = sentence.encode()[:160].decode(errors="ignore")
    payload = encode("error", code=int(code), request=request, sentence=short)
    return encode_frame(Frame(int(Kind.ERROR), sequence, payload))
