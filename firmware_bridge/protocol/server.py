"""The device's side of the protocol: frames in, replies out, whatever carries them.

It is the executable specification of the firmware's own protocol code. It holds one segment, repeats
replies by sequence number, and answers everything that it does not know with an error.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from firmware_bridge.protocol import messages
from firmware_bridge.protocol.codec import MalformedMessage, decode, encode_message
from firmware_bridge.protocol.engine import Engine, Identity, MemoryMarks
from firmware_bridge.protocol.framing import Fault, Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.message import Message, Reply
from firmware_bridge.protocol.segment import Refusal, SegmentStore
from firmware_bridge.protocol.table import LIMITS, TABLE, ErrorCode, Kind

# Answers of a device that has neither, in the firmware's words (core/server.c).
NO_MICROPHONE = "this device has no microphone"
NO_FLASH = "this device has no flash to update"
UNKNOWN_TEMPERATURE = -(2**31)

_REPLIES = {layout.id: layout.reply for layout in TABLE.layouts.values()}


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
        self._frames_good = self._frames_bad = self._replies_repeated = 0

    def push(self, data: bytes) -> bytes:
        """Take the next bytes from the host; return the bytes to send back."""
        return b"".join(map(self._answer, self._decoder.push(data)))

    def _answer(self, found: Frame | FrameFault) -> bytes:
        if isinstance(found, FrameFault):
            self._frames_bad += 1
            if found.fault is not Fault.VERSION:
                return b""  # the host notices by the missing reply and asks again
            sentence = f"this device speaks version {TABLE.version} of the protocol, not {found.detail}"
            return _error(found.sequence, 0, ErrorCode.BAD_VERSION, sentence)
        self._frames_good += 1
        key = (found.sequence, found.kind, found.payload)
        if key in self._replies:
            self._replies_repeated += 1
            return self._replies[key]
        reply = self._reply(found)
        short = len(found.payload) <= LIMITS["request_bytes_kept"]
        if found.kind != Kind.AUDIO and short and reply:
            self._replies[key] = reply
            while len(self._replies) > LIMITS["replies_kept"]:
                self._replies.popitem(last=False)
        return reply

    def _reply(self, frame: Frame) -> bytes:
        if _REPLIES.get(frame.kind) is None:
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
            reply = self._handle(message)
        except Refusal as refusal:
            return _error(frame.sequence, frame.kind, refusal.code, refusal.sentence)
        return b"" if reply is None else _wire(frame.sequence, reply)

    def _handle(self, message: Message) -> Reply | None:
        """Return the reply; `None` where the protocol asks for none yet."""
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
                return self._store.end(message.segment, message.checksum, self._memory)
            case messages.GetFeatures():
                return self._store.features(message.segment, message.window, message.first_frame)
            case messages.GetStats():
                return self._stats()
            case messages.GetCrash():
                nothing = np.zeros(0, np.uint32)
                return messages.Crash(reason=0, uptime_ms=0, task="", registers=nothing, trace=nothing)
            case _:
                self._forget()
                return messages.ResetDone()

    def _hello(self, session: int) -> messages.Identity:
        if session != self._session:
            # Sequence numbers start again with a new host: its requests must not meet old replies.
            self._forget()
            self._session = session
        mine = self._identity
        return messages.Identity(
            session=session,
            build=mine.build,
            bundle=mine.bundle,
            frontend=mine.frontend,
            acoustic_sha256=mine.acoustic_sha256,
            keyword_sha256=mine.keyword_sha256,
            evidence=mine.evidence,
            capabilities=0,
            slot=mine.slot,
            cycles_per_us=1,
            labels=mine.labels,
            keywords=mine.keywords,
            window_samples=mine.window_samples,
            hop_samples=mine.hop_samples,
            frames=mine.frames,
            channels=mine.channels,
            chunk_samples=LIMITS["chunk_samples"],
            chunks_in_flight=LIMITS["chunks_in_flight"],
            segment_samples=LIMITS["segment_samples"],
            # A program that is simply there.
            reset_reason=0,
            troubles=0,
        )

    def _stats(self) -> messages.Stats:
        marks = self._memory()
        # A counter of a chip that this device has not.
        none = 0
        return messages.Stats(
            uptime_ms=int(1000 * (self._clock() - self._started)) & 0xFFFFFFFF,
            frames_good=self._frames_good,
            frames_bad=self._frames_bad,
            replies_repeated=self._replies_repeated,
            segments_scored=self._store.scored,
            windows_scored=self._store.windows_scored,
            audio_gaps=self._store.gaps,
            receive_overruns=none,
            microphone_overruns=none,
            features_cycles=none,
            scaling_cycles=none,
            acoustic_cycles=none,
            keyword_cycles=none,
            fusion_cycles=none,
            longest_window_cycles=none,
            receive_peak_bytes=none,
            ram_bytes=marks.ram_bytes,
            ram_peak_bytes=marks.ram_peak_bytes,
            stack_peak_bytes=marks.stack_peak_bytes,
            temperature_mc=UNKNOWN_TEMPERATURE,
            reset_reason=none,
            restarts=none,
            watchdog_resets=none,
            faults=none,
            tpu_failures=none,
        )

    def _forget(self) -> None:
        self._replies.clear()
        self._store.clear()


def _error(sequence: int, request: int, code: int, sentence: str) -> bytes:
    short = sentence.encode()[:160].decode(errors="ignore")
    return _wire(sequence, messages.Error(code=int(code), request=request, sentence=short))


def _wire(sequence: int, reply: Reply) -> bytes:
    return encode_frame(Frame(reply.kind, sequence, encode_message(reply)))
