"""The host's side of the protocol: score a segment, fetch its features, ask how the device is."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.protocol import ErrorCode, Reply, Request, messages
from firmware_bridge.protocol.engine import NO_SLOT, PCM
from firmware_bridge.protocol.segment import STAGES
from hil.client.conversation import Conversation, DeviceRefused, Heard
from hil.link.link import Link
from hil.link.timing import Timing

R = TypeVar("R", bound=Reply)
# The device lost the segment or got it wrong: sending it again is right.
_SEND_AGAIN = (ErrorCode.NO_SEGMENT, ErrorCode.INCOMPLETE, ErrorCode.WRONG_CHECKSUM)
# Headers, acknowledgements and replies of a call, generously.
_OVERHEAD_BYTES = 4096


@dataclass(frozen=True)
class DeviceIdentity(messages.Identity):
    """What a device said in answer to `hello` (see `identity` in protocol.toml), and what follows from it."""

    @property
    def has_bundle(self) -> bool:
        """Whether a slot holds a bundle that the device can run."""
        return self.slot != NO_SLOT

    def windows(self, samples: int) -> int:
        """Return how many windows a segment of this length has; a short one counts as one."""
        return 1 + max(0, samples - self.window_samples) // self.hop_samples


@dataclass(frozen=True)
class SegmentResult:
    """A segment's scores.

    Attributes:
        acoustic: int8[labels] of the acoustic branch.
        keyword: int8[keywords].
        fused: int8[labels] of the fusion head.
        scales: (scale, zero point) per branch.
        windows: How many windows were averaged.
        stage_us: Time per stage on the device in microseconds, all windows together; `tail` is the part of
            `features` that was left to do when a window's last samples had come.
        ram_peak_bytes: High-water mark of the device's memory; 0 where it cannot tell.
        stack_peak_bytes: High-water mark of its stack; 0 where it cannot tell.
        seconds: From the first byte sent to the last received, on the host's clock.
    """

    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    scales: dict[str, tuple[float, int]]
    windows: int
    stage_us: dict[str, float]
    ram_peak_bytes: int
    stack_peak_bytes: int
    seconds: float


class DeviceClient:
    """Talks to one device. Every call returns the right data or raises a typed error before its deadline.

    Args:
        link: The byte stream to the device.
        timing: Waiting times.
        session: A number that no other host uses at the same time; chosen at random by default.
    """

    def __init__(self, link: Link, timing: Timing | None = None, session: int | None = None) -> None:
        self._timing = timing or Timing()
        self._session = int.from_bytes(os.urandom(4), "little") if session is None else session
        self._talk = Conversation(link, self._timing, self._session % 65536)
        self._identity: DeviceIdentity | None = None
        self._segment = self._session
        self._held: PCM | None = None
        link.purge()

    def hello(self) -> DeviceIdentity:
        """Greet the device, which forgets what another host left, and return what it is."""
        reply = self._talk.ask(messages.Hello(self._session), self._deadline())
        identity = DeviceIdentity(**reply.fields)
        sizes = [
            "window_samples",
            "hop_samples",
            "channels",
            "chunk_samples",
            "chunks_in_flight",
            "cycles_per_us",
        ]
        for name in [*sizes, "labels"] if identity.has_bundle else sizes:
            if getattr(identity, name) < 1:
                raise _nonsense(f"{name} is {getattr(identity, name)}")
        self._identity, self._held = identity, None
        return identity

    def score_segment(self, pcm: PCM) -> SegmentResult:
        """Send a segment of 16 kHz speech, int16[n], and return its scores.

        Raises:
            DeviceSilent: No answer in time.
            DeviceRefused: The device cannot take it (too long, empty) or could not compute it.
        """
        started = self._talk.link.now()
        self._held = None
        work = self._timing.window_s * self.identity.windows(len(pcm))
        deadline = self._deadline(2 * len(pcm), work)
        for restart in range(self._timing.restarts):
            try:
                self._send(pcm, deadline)
                reply = self._talk.ask(messages.End(self._segment, _checksum(pcm)), deadline, work)
            except DeviceRefused as refusal:
                if refusal.code not in _SEND_AGAIN or restart + 1 == self._timing.restarts:
                    raise
                continue
            shapes = len(reply.acoustic), len(reply.keyword), len(reply.fused)
            if shapes != (self.identity.labels, self.identity.keywords, self.identity.labels):
                raise _nonsense(
                    f"{shapes} scores for {self.identity.labels} labels, {self.identity.keywords} keywords"
                )
            self._held = pcm
            return _result(reply, self.identity.cycles_per_us, self._talk.link.now() - started)
        raise AssertionError("unreachable: the last restart returns or raises")

    def features(self, pcm: PCM) -> list[NDArray[np.uint16]]:
        """Return the device's own features of a segment, uint16[frames, channels] per window.

        The segment is sent first, unless it is the one that was scored last.
        """
        identity = self.identity
        windows = identity.windows(len(pcm))
        work = self._timing.features_s * windows
        deadline = self._deadline(2 * len(pcm) + 2 * windows * identity.frames * identity.channels, work)
        for restart in range(self._timing.restarts):
            try:
                if self._held is not pcm:
                    self._send(pcm, deadline)
                    self._held = pcm
                return [self._window(index, deadline) for index in range(windows)]
            except DeviceRefused as refusal:
                self._held = None
                if refusal.code not in _SEND_AGAIN or restart + 1 == self._timing.restarts:
                    raise
        raise AssertionError("unreachable: the last restart returns or raises")

    def stats(self) -> messages.Stats:
        """Return the device's counters and memory marks (see `stats` in protocol.toml)."""
        return self._talk.ask(messages.GetStats(), self._deadline())

    def reset(self) -> None:
        """Make the device forget its segment and its replies."""
        self._held = None
        self._talk.ask(messages.Reset(), self._deadline())

    def ask(self, request: Request[R], work_s: float = 0.0) -> R:
        """Send any request of the protocol until it is answered; return the reply.

        Args:
            request: One of firmware_bridge/protocol/messages.py.
            work_s: What the device may need for it, beyond a plain answer.
        """
        return self._talk.ask(request, self._deadline(work_s=work_s), work_s)

    @property
    def identity(self) -> DeviceIdentity:
        """The device's identity; asked for once."""
        return self._identity or self.hello()

    def limit_s(self, samples: int) -> float:
        """Return the longest time, in seconds, that scoring a segment of this length can take."""
        work = self._timing.window_s * self.identity.windows(samples)
        return self._limit(2 * samples, work)

    def _limit(self, count: int = 0, work_s: float = 0.0) -> float:
        return self._timing.call_s(count + _OVERHEAD_BYTES, self._talk.link.bytes_per_second, work_s)

    def _deadline(self, count: int = 0, work_s: float = 0.0) -> float:
        return self._talk.link.now() + self._limit(count, work_s)

    def _send(self, pcm: PCM, deadline: float) -> None:
        """Send a segment's samples: as many chunks ahead of the acknowledgement as the device allows."""
        talk, timing = self._talk, self._timing
        self._segment = (self._segment + 1) & 0xFFFFFFFF
        talk.ask(messages.Begin(self._segment, len(pcm)), deadline)
        size, credit = self.identity.chunk_samples, self.identity.chunks_in_flight
        wait = timing.reply_s + timing.wire_s(4 * size * credit, talk.link.bytes_per_second)
        received = sent = silent = 0
        gap = -1
        patience = talk.link.now() + wait
        talk.heard = Heard()
        while received < len(pcm):
            if sent < min(len(pcm), received + size * credit):
                chunk = pcm[sent : sent + size]
                talk.send(messages.Audio(self._segment, sent, chunk), talk.next_sequence(), deadline)
                sent += len(chunk)
                continue
            now = talk.link.now()
            if now >= deadline or silent >= timing.attempts:
                raise talk.heard.explain("audio", max(silent, 1))
            if now >= patience:
                sent, silent, patience = received, silent + 1, now + wait
                continue
            for _, message in talk.receive(min(patience, deadline)):
                if isinstance(message, messages.Error) and message.code in _SEND_AGAIN:
                    raise DeviceRefused(message.code, message.sentence)
                if not isinstance(message, messages.Ack) or message.segment != self._segment:
                    continue
                credit = max(1, message.credit)
                if message.received > received:
                    received, silent, patience = message.received, 0, talk.link.now() + wait
                elif gap != received:
                    # Something was lost on the way: send again from there, once per place.
                    gap = sent = received

    def _window(self, index: int, deadline: float) -> NDArray[np.uint16]:
        identity, talk = self.identity, self._talk
        values = np.zeros((0, identity.channels), np.uint16)
        while True:
            asked = messages.GetFeatures(self._segment, index, len(values))
            reply = talk.ask(asked, deadline, self._timing.features_s)
            if len(reply.values) == 0 or len(reply.values) % identity.channels:
                raise _nonsense(f"{len(reply.values)} feature values for {identity.channels} channels")
            values = np.concatenate([values, reply.values.reshape(-1, identity.channels)])
            if len(values) >= reply.frames_in_window:
                return values


def _nonsense(what: str) -> DeviceError:
    return DeviceError(f"the device contradicts itself: {what}", "flash its firmware and bundle again")


def _checksum(pcm: PCM) -> int:
    return zlib.crc32(pcm.astype("<i2").tobytes())


def _result(reply: messages.Result, cycles_per_us: int, seconds: float) -> SegmentResult:
    return SegmentResult(
        acoustic=reply.acoustic,
        keyword=reply.keyword,
        fused=reply.fused,
        scales={
            "acoustic": (reply.acoustic_scale, reply.acoustic_zero_point),
            "keyword": (reply.keyword_scale, reply.keyword_zero_point),
            "fused": (reply.fused_scale, reply.fused_zero_point),
        },
        windows=reply.windows,
        stage_us={stage: getattr(reply, f"{stage}_cycles") / cycles_per_us for stage in STAGES},
        ram_peak_bytes=reply.ram_peak_bytes,
        stack_peak_bytes=reply.stack_peak_bytes,
        seconds=seconds,
    )
