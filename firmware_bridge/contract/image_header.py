"""The header of an image: where its fields lie, what each may be, and the words for what it may not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import BundleInvalid, InvalidSetting
from firmware_bridge.microfrontend import InputScaling
from firmware_bridge.microfrontend.emit import SCALING_KINDS

MAGIC = b"UTIM"
FORMAT = 1
HEADER_BYTES = 4096
ALIGNMENT = 16
MOST_LABELS, MOST_KEYWORDS = 16, 32
SIZES = ("window_samples", "hop_samples", "frames", "channels")

_NETWORK = np.dtype(
    [(name, "<u4") for name in ("offset", "bytes", "arena_bytes", "inputs", "outputs")]
    + [("scale", "<f4"), ("zero_point", "<i4"), ("sha256", "u1", 32)]
)
_FIELDS = np.dtype(
    [
        ("magic", "u1", 4),
        ("format", "<u4"),
        ("bytes", "<u4"),
        ("bundle", "u1", 32),
        ("frontend", "u1", 32),
        *((name, "<u4") for name in ("labels", "keywords")),
        *((name, "<u4") for name in SIZES),
        ("scaling", "<i4", 5),
        ("fused_scale", "<f4"),
        ("fused_zero_point", "<i4"),
        ("networks", _NETWORK, 2),
        ("fusion_shift", "<i4"),
        ("fusion_bias", "<i4", MOST_LABELS),
        ("fusion_weight", "<i2", (MOST_LABELS, MOST_LABELS + MOST_KEYWORDS)),
        ("fusion_zero_point", "i1", MOST_LABELS + MOST_KEYWORDS),
    ]
)
HEADER = np.dtype(
    [("fields", _FIELDS), ("unused", "u1", HEADER_BYTES - 4 - _FIELDS.itemsize), ("crc32", "<u4")]
)


def invalid(what: str) -> BundleInvalid:
    """Return the error for an image that cannot be used."""
    return BundleInvalid(what, "build the bundle again with `make edgetpu-model`, and its image from it")


def padded(count: int) -> int:
    """Return a length as networks take it in the image."""
    return -count % ALIGNMENT + count


def digest_bytes(digits: str) -> NDArray[np.uint8]:
    """Return 32 bytes from 64 hexadecimal digits."""
    try:
        digest = np.frombuffer(bytes.fromhex(digits), np.uint8)
    except ValueError as error:
        raise invalid(f"'{digits}' is not a SHA-256") from error
    if len(digest) != 32:
        raise invalid(f"'{digits}' is not a SHA-256")
    return digest


def require_classes(labels: int, keywords: int) -> None:
    """Refuse more classes than the device has room for, and none."""
    if not (1 <= labels <= MOST_LABELS and 1 <= keywords <= MOST_KEYWORDS):
        raise invalid(f"{labels} labels and {keywords} keywords; 1..{MOST_LABELS} and 1..{MOST_KEYWORDS} fit")


def checked_scale(value: np.float32) -> float:
    """Return the real value of one step: positive and finite."""
    if not 0 < value < float("inf"):
        raise invalid(f"a scale of {value}")
    return float(value)


def checked_zero_point(value: np.int32) -> int:
    """Return the step that means 0: one of int8."""
    if not -128 <= value <= 127:
        raise invalid(f"a zero point of {value}")
    return int(value)


def checked_scaling(numbers: NDArray[np.int32]) -> InputScaling:
    """Return the input scaling of kind, offset, multiplier, shift and span."""
    kind, offset, multiplier, shift, span = map(int, numbers)
    if not 0 <= kind < len(SCALING_KINDS):
        raise invalid(f"an input scaling of kind {kind}")
    try:
        settings = {"offset": offset, "multiplier": multiplier, "shift": shift, "span": span}
        return InputScaling(kind=SCALING_KINDS[kind], **settings)
    except InvalidSetting as error:
        raise invalid(f"the input scaling: {error.what}") from error


def require_zeros(header: np.void, labels: int, columns: int) -> None:
    """Refuse an image that uses what the format does not."""
    fields = header["fields"]
    weight = fields["fusion_weight"]
    unused = (
        header["unused"],
        fields["fusion_bias"][labels:],
        weight[labels:],
        weight[:, columns:],
        fields["fusion_zero_point"][columns:],
    )
    if any(part.any() for part in unused):
        raise invalid("the image's header uses more than its format has")
