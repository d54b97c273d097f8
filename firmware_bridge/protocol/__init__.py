"""The wire: frames, messages and the device's side of the conversation, all from one table."""

from __future__ import annotations

from firmware_bridge.protocol.codec import MalformedMessage, decode, encode, encode_message
from firmware_bridge.protocol.engine import Engine, Identity, MemoryMarks
from firmware_bridge.protocol.framing import Fault, Frame, FrameDecoder, FrameFault, encode_frame
from firmware_bridge.protocol.message import Message, Reply, Request
from firmware_bridge.protocol.server import DeviceServer
from firmware_bridge.protocol.table import LIMITS, TABLE, ErrorCode, Kind, ResetReason

__all__ = [
    "LIMITS",
    "TABLE",
    "DeviceServer",
    "Engine",
    "ErrorCode",
    "Fault",
    "Frame",
    "FrameDecoder",
    "FrameFault",
    "Identity",
    "Kind",
    "MalformedMessage",
    "MemoryMarks",
    "Message",
    "Reply",
    "Request",
    "ResetReason",
    "decode",
    "encode",
    "encode_frame",
    "encode_message",
]
