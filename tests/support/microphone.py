"""A device that hears what a test says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from firmware_bridge.protocol import (
    TABLE,
    DeviceServer,
    ErrorCode,
    Frame,
    FrameDecoder,
    decode,
    encode,
    encode_frame,
)
from firmware_bridge.protocol.loopback import LoopbackEngine


class MicrophoneDevice:
    """A device that hears what a test says: it answers what `DeviceServer` has no ears for.

    Attributes:
        live: Answers to `get_live`, the last of which stays.
        heard: Samples that were captured; more come with every question, `grow` at a time.
        lost: What it says of lost samples.
        held: Only so many of the newest samples can still be had.
        asked: Names of all requests.
        refuse: Names of requests that it refuses.
    """

    def __init__(self, **identity: Any) -> None:
        self.live: list[dict[str, Any]] = []
        self.heard = np.zeros(0, np.int16)
        self.there, self.grow, self.lost, self.held = 0, 0, 0, 1 << 30
        self.asked: list[str] = []
        self.modes: list[int] = []
        self.refuse: set[str] = set()
        engine = LoopbackEngine()
        self.server = DeviceServer(engine, replace(engine.identity, **identity))

    def push(self) -> Callable[[bytes], bytes]:
        decoder = FrameDecoder()

        def answer(data: bytes) -> bytes:
            return b"".join(self._reply(frame) for frame in decoder.push(data) if isinstance(frame, Frame))

        return answer

    def _reply(self, frame: Frame) -> bytes:
        message = decode(frame.kind, frame.payload)
        self.asked.append(message.name)
        if message.name in self.refuse:
            code, sentence = ErrorCode.NOT_CAPABLE, "this device has no microphone"
            return self._frame("error", frame, code=code, request=frame.kind, sentence=sentence)
        match message.name:
            case "listen":
                self.modes.append(message.mode)
                return self._frame("listening", frame, mode=message.mode)
            case "get_live":
                now = self.live.pop(0) if len(self.live) > 1 else self.live[0]
                return self._frame("live", frame, **now)
            case "get_capture":
                return self._captured(frame, message.offset)
        return self.server.push(encode_frame(frame))

    def _captured(self, frame: Frame, offset: int) -> bytes:
        self.there = min(len(self.heard), self.there + self.grow)
        first = max(offset, self.there - self.held)
        self.lost += first - offset
        pcm = self.heard[first : min(self.there, first + 480)]
        return self._frame(
            "captured", frame, offset=first, available=self.there - first, lost_samples=self.lost, pcm=pcm
        )

    def _frame(self, name: str, asked: Frame, /, **fields: Any) -> bytes:
        return encode_frame(Frame(TABLE.layouts[name].id, asked.sequence, encode(name, **fields)))
