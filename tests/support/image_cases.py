"""Images that contradict themselves, and values on both sides of each bound: all readers must agree on them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from firmware_bridge.contract.image import HEADER_BYTES, parse_image

# Where the fields lie, written down once more by hand: the device depends on it.
AT = {
    "magic": 0,
    "format": 4,
    "bytes": 8,
    "bundle": 12,
    "frontend": 44,
    "labels": 76,
    "keywords": 80,
    "window_samples": 84,
    "hop_samples": 88,
    "frames": 92,
    "channels": 96,
    "scaling": 100,
    "fused_scale": 120,
    "fused_zero_point": 124,
    "networks": 128,
    "fusion_shift": 248,
    "fusion_bias": 252,
    "fusion_weight": 316,
    "fusion_zero_point": 1852,
}
Change = Callable[[bytearray], None]


def sealed(image: bytes, *changes: Change) -> bytes:
    """Return a changed image whose header's checksum is right again."""
    made = bytearray(image)
    for change in changes:
        change(made)
    made[HEADER_BYTES - 4 : HEADER_BYTES] = struct.pack("<I", zlib.crc32(made[: HEADER_BYTES - 4]))
    return bytes(made)


def put(at: int, code: str, *values: Any) -> Change:
    def change(image: bytearray) -> None:
        struct.pack_into("<" + code, image, at, *values)

    return change


NETWORK, SECOND = AT["networks"], AT["networks"] + 60
CONTRADICTIONS: dict[str, Change] = {
    "another format": put(AT["format"], "I", 2),
    "other length": put(AT["bytes"], "I", 4096),
    "no labels": put(AT["labels"], "I", 0),
    "too many labels": put(AT["labels"], "I", 17),
    "too many keywords": put(AT["keywords"], "I", 33),
    "one keyword more": put(AT["keywords"], "I", 3),
    "no frames": put(AT["frames"], "I", 0),
    "one frame more": put(AT["frames"], "I", 49),
    "no channels": put(AT["channels"], "I", 0),
    "no window": put(AT["window_samples"], "I", 0),
    "no hop": put(AT["hop_samples"], "I", 0),
    "unknown scaling": put(AT["scaling"], "i", 4),
    "scaling of less than nothing": put(AT["scaling"], "i", -1),
    "scaling without a shift": put(AT["scaling"] + 12, "i", 0),
    "scale zero": put(AT["fused_scale"], "f", 0.0),
    "scale negative": put(AT["fused_scale"], "f", -1.0),
    "scale infinite": put(AT["fused_scale"], "f", float("inf")),
    "scale not a number": put(AT["fused_scale"], "f", float("nan")),
    "zero point out of int8": put(AT["fused_zero_point"], "i", 128),
    "network somewhere else": put(NETWORK, "I", 4112),
    "empty network": put(NETWORK + 4, "I", 0),
    "network beyond the end": put(NETWORK + 4, "I", 1 << 31),
    "network to the end of the numbers": put(NETWORK + 4, "I", 0xFFFFFFFF),
    "no arena": put(NETWORK + 8, "I", 0),
    "other inputs": put(NETWORK + 12, "I", 5),
    "other outputs": put(NETWORK + 16, "I", 4),
    "network's scale": put(NETWORK + 20, "f", 0.0),
    "network's zero point": put(NETWORK + 24, "i", -129),
    "second network on the first": put(SECOND, "I", 4096),
    "shift of none": put(AT["fusion_shift"], "i", 0),
    "shift too far": put(AT["fusion_shift"], "i", 25),
    "bias of a label that is not": put(AT["fusion_bias"] + 12, "i", 1),
    "bias that overflows": put(AT["fusion_bias"], "i", -(2**31)),
    "weight beyond the limit": put(AT["fusion_weight"], "h", -32768),
    "weight of a column that is not": put(AT["fusion_weight"] + 2 * 5, "h", 1),
    "weight of a row that is not": put(AT["fusion_weight"] + 96 * 3, "h", 1),
    "zero point of a column that is not": put(AT["fusion_zero_point"] + 5, "b", 1),
    "something after the fields": put(1900, "B", 1),
    "something before the checksum": put(4091, "B", 1),
}


# The last value that is right and the first that is not.
BOUNDS: dict[str, tuple[Change, Change]] = {
    "scaling kind": (put(AT["scaling"], "i", 3), put(AT["scaling"], "i", 4)),
    "offset, low": (put(AT["scaling"] + 4, "i", 0), put(AT["scaling"] + 4, "i", -1)),
    "offset, high": (put(AT["scaling"] + 4, "i", 65535), put(AT["scaling"] + 4, "i", 65536)),
    "multiplier, low": (put(AT["scaling"] + 8, "i", 1), put(AT["scaling"] + 8, "i", 0)),
    "multiplier, high": (put(AT["scaling"] + 8, "i", 32767), put(AT["scaling"] + 8, "i", 32768)),
    "shift, low": (put(AT["scaling"] + 12, "i", 1), put(AT["scaling"] + 12, "i", 0)),
    "shift, high": (put(AT["scaling"] + 12, "i", 30), put(AT["scaling"] + 12, "i", 31)),
    "span, low": (put(AT["scaling"] + 16, "i", 1), put(AT["scaling"] + 16, "i", 0)),
    "span, high": (put(AT["scaling"] + 16, "i", 65535), put(AT["scaling"] + 16, "i", 65536)),
    "scale, low": (put(AT["fused_scale"], "I", 1), put(AT["fused_scale"], "I", 0)),
    "scale, high": (put(AT["fused_scale"], "I", 0x7F7FFFFF), put(AT["fused_scale"], "I", 0x7F800000)),
    "zero point, low": (put(AT["fused_zero_point"], "i", -128), put(AT["fused_zero_point"], "i", -129)),
    "zero point, high": (put(AT["fused_zero_point"], "i", 127), put(AT["fused_zero_point"], "i", 128)),
    "network's zero point": (put(NETWORK + 24, "i", 127), put(NETWORK + 24, "i", 128)),
    "arena": (put(SECOND + 8, "I", 1), put(SECOND + 8, "I", 0)),
    # Without weights a shift of 24 bits fits; one more never does.
    "fusion shift, low": (put(AT["fusion_shift"], "i", 1), put(AT["fusion_shift"], "i", 0)),
    "fusion shift, high": (put(AT["fusion_shift"], "i", 24), put(AT["fusion_shift"], "i", 25)),
    "weight": (put(AT["fusion_weight"], "h", -32767), put(AT["fusion_weight"], "h", -32768)),
}


def fullest_bias(image: bytes) -> int:
    """Return the greatest bias of the first label with which its sum still fits 32 bits."""
    head = parse_image(image).fusion
    return 2**31 - 1 - 255 * int(np.abs(head.weight[0]).sum()) - (1 << (head.shift - 1))
