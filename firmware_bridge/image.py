"""The image: a bundle as the device holds it, in one of its two slots of flash.

A header of 4096 bytes, then both networks, each padded with zeros to 16 bytes. All numbers are
little-endian; what the header does not use is zero. Fields, in this order (`HEADER`):

    magic             4 bytes   "UTIM"
    format            u32       1
    bytes             u32       of the whole image
    bundle            32 bytes  the bundle's id (SHA-256 of its manifest)
    frontend          32 bytes  SHA-256 of the front-end's tables
    labels            u32       1..16
    keywords          u32       1..32
    window_samples    u32
    hop_samples       u32
    frames            u32       of a window
    channels          u32       of a frame
    scaling           i32[5]    kind, offset, multiplier, shift, span: as `ut_scaling`
    fused_scale       f32       real value of one step of a fused score
    fused_zero_point  i32       -128..127
    networks          60 bytes each: acoustic, keyword
        offset        u32       from the start of the image, a multiple of 16
        bytes         u32       of the .tflite, without its padding
        arena_bytes   u32       that the interpreter needs
        inputs        u32       int8 values: frames * channels
        outputs       u32       int8 values: labels or keywords
        scale         f32       real value of one step of the output
        zero_point    i32       of the output, -128..127
        sha256        32 bytes  of the .tflite
    fusion_shift      i32       1..24
    fusion_bias       i32[16]
    fusion_weight     i16[16][48]  a row for each label: labels, then keywords
    fusion_zero_point i8[48]    of the same columns
    unused            zeros
    crc32             u32       of the 4092 bytes before it

The device reads it with core/image.c, which refuses what `parse_image` refuses.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.bundle import Bundle, ModelFile
from firmware_bridge.errors import BundleInvalid, InvalidSetting
from firmware_bridge.fusion import FusionHead
from firmware_bridge.microfrontend import FrontendSpec, InputScaling
from firmware_bridge.microfrontend.emit import SCALING_KINDS
from firmware_bridge.windows import Windowing

MAGIC = b"UTIM"
FORMAT = 1
HEADER_BYTES = 4096
ALIGNMENT = 16
MOST_LABELS, MOST_KEYWORDS = 16, 32
NETWORKS = ("acoustic", "keyword")
# Beside its input and output a co-compiled network needs little; the rest of the arena is room to spare.
ARENA_FLOOR = 64 * 1024

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
        *((name, "<u4") for name in ("window_samples", "hop_samples", "frames", "channels")),
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


@dataclass(frozen=True)
class ImageNetwork:
    """One network of an image.

    Attributes:
        model: The `.tflite`.
        offset: Where it lies in the image.
        arena_bytes: Memory that its interpreter needs.
        inputs: int8 values of the input.
        outputs: int8 values of the output.
        scale: Real value of one step of the output.
        zero_point: Output step that means 0.
    """

    model: bytes
    offset: int
    arena_bytes: int
    inputs: int
    outputs: int
    scale: float
    zero_point: int

    @property
    def sha256(self) -> str:
        """SHA-256 of the `.tflite`, hexadecimal."""
        return hashlib.sha256(self.model).hexdigest()


@dataclass(frozen=True)
class Image:
    """What an image says; the fields of the header, hashes as hexadecimal digits."""

    bundle: str
    frontend: str
    labels: int
    keywords: int
    window_samples: int
    hop_samples: int
    frames: int
    channels: int
    scaling: InputScaling
    fused_scale: float
    fused_zero_point: int
    acoustic: ImageNetwork
    keyword: ImageNetwork
    fusion: FusionHead


def build_image(bundle: Bundle, compiled: bool = True) -> bytes:
    """Return the image of a bundle.

    Args:
        bundle: The bundle.
        compiled: Take the networks that the Edge TPU compiler made, where the bundle has them; a simulated
            Edge TPU can only run the originals.

    Raises:
        BundleInvalid: The bundle does not fit what an image can hold.
    """
    manifest = bundle.manifest
    spec, head = FrontendSpec.from_dict(manifest.frontend), FusionHead.from_dict(manifest.fusion)
    scaling = InputScaling.from_dict(manifest.scaling)
    windowing = Windowing(window_ms=manifest.window_ms, hop_ms=manifest.hop_ms)
    labels, columns = head.weight.shape
    if labels > MOST_LABELS or columns > labels + MOST_KEYWORDS or labels != len(manifest.labels):
        raise _invalid(f"a fusion head of {columns} scores to {labels} labels does not fit the device")
    if columns != labels + len(manifest.keywords):
        raise _invalid(f"the fusion head reads {columns} scores, labels and keywords are others")
    header = np.zeros((), HEADER)
    fields = header["fields"]
    fields["magic"], fields["format"] = np.frombuffer(MAGIC, np.uint8), FORMAT
    fields["bundle"], fields["frontend"] = _digest(bundle.id), _digest(manifest.table_hash)
    fields["labels"], fields["keywords"] = labels, columns - labels
    fields["window_samples"], fields["hop_samples"] = windowing.window_samples, windowing.hop_samples
    fields["frames"], fields["channels"] = spec.frames(windowing.window_samples), spec.channels
    numbers = (scaling.offset, scaling.multiplier, scaling.shift, scaling.span)
    fields["scaling"] = (SCALING_KINDS.index(scaling.kind), *numbers)
    fields["fused_scale"] = head.output_scale
    fields["fusion_shift"] = head.shift
    fields["fusion_bias"][:labels] = head.bias
    fields["fusion_weight"][:labels, :columns] = head.weight
    fields["fusion_zero_point"][:columns] = head.zero_point
    content = b""
    for place, name in zip(fields["networks"], NETWORKS, strict=True):
        if name not in manifest.models:
            raise _invalid(f"the bundle has no network '{name}'")
        model = manifest.models[name]
        data = _network_path(bundle, model, compiled).read_bytes()
        inputs, outputs = int(np.prod(model.input_shape)), int(np.prod(model.output_shape))
        place["offset"], place["bytes"] = HEADER_BYTES + len(content), len(data)
        place["arena_bytes"] = _padded(ARENA_FLOOR + inputs + outputs)
        place["inputs"], place["outputs"] = inputs, outputs
        place["scale"], place["zero_point"] = model.output_scale, model.output_zero_point
        place["sha256"] = _digest(hashlib.sha256(data).hexdigest())
        content += data.ljust(_padded(len(data)), b"\0")
    fields["bytes"] = HEADER_BYTES + len(content)
    header["crc32"] = zlib.crc32(header.tobytes()[:-4])
    image = header.tobytes() + content
    parse_image(image)
    return image


def parse_image(image: bytes) -> Image:
    """Return what an image holds.

    Raises:
        BundleInvalid: It is damaged, cut, of another format, or contradicts itself.
    """
    if len(image) < HEADER_BYTES:
        raise _invalid(f"an image of {len(image)} bytes; its header alone has {HEADER_BYTES}")
    header = np.frombuffer(image, HEADER, 1)[0]
    fields = header["fields"]
    if fields["magic"].tobytes() != MAGIC or fields["format"] != FORMAT:
        raise _invalid("not an image of this format")
    if header["crc32"] != zlib.crc32(image[: HEADER_BYTES - 4]):
        raise _invalid("the image's header is damaged")
    if fields["bytes"] != len(image):
        raise _invalid(f"the image should have {fields['bytes']} bytes and has {len(image)}")
    labels, keywords = int(fields["labels"]), int(fields["keywords"])
    if not (1 <= labels <= MOST_LABELS and 1 <= keywords <= MOST_KEYWORDS):
        raise _invalid(
            f"{labels} labels and {keywords} keywords; 1..{MOST_LABELS} and 1..{MOST_KEYWORDS} fit"
        )
    sizes = {name: int(fields[name]) for name in ("window_samples", "hop_samples", "frames", "channels")}
    if min(sizes.values()) < 1:
        raise _invalid(f"the image has sizes of zero: {sizes}")
    _require_zeros(header, labels, labels + keywords)
    inputs = sizes["frames"] * sizes["channels"]
    acoustic = _network(image, fields["networks"][0], HEADER_BYTES, inputs, labels)
    middle = HEADER_BYTES + _padded(len(acoustic.model))
    keyword = _network(image, fields["networks"][1], middle, inputs, keywords)
    if middle + _padded(len(keyword.model)) != len(image):
        raise _invalid("the image's networks do not end where it does")
    columns = labels + keywords
    fusion = FusionHead(
        fields["fusion_weight"][:labels, :columns].astype(np.int32),
        fields["fusion_bias"][:labels].astype(np.int32),
        fields["fusion_zero_point"][:columns].astype(np.int32),
        int(fields["fusion_shift"]),
        _scale(fields["fused_scale"]),
    )
    return Image(
        fields["bundle"].tobytes().hex(),
        fields["frontend"].tobytes().hex(),
        labels,
        keywords,
        **sizes,
        scaling=_scaling(fields["scaling"]),
        fused_scale=fusion.output_scale,
        fused_zero_point=_zero_point(fields["fused_zero_point"]),
        acoustic=acoustic,
        keyword=keyword,
        fusion=fusion,
    )


def _invalid(what: str) -> BundleInvalid:
    return BundleInvalid(what, "build the bundle again with `make edgetpu-model`, and its image from it")


def _padded(count: int) -> int:
    return -count % ALIGNMENT + count


def _digest(digits: str) -> NDArray[np.uint8]:
    """Return 32 bytes from 64 hexadecimal digits."""
    try:
        digest = np.frombuffer(bytes.fromhex(digits), np.uint8)
    except ValueError as error:
        raise _invalid(f"'{digits}' is not a SHA-256") from error
    if len(digest) != 32:
        raise _invalid(f"'{digits}' is not a SHA-256")
    return digest


def _network_path(bundle: Bundle, model: ModelFile, compiled: bool) -> Path:
    """Return the compiled file of a network where there is one and it is wanted, else the original."""
    name = f"{Path(model.file).stem}_edgetpu.tflite"
    return bundle.directory / name if compiled and name in bundle.manifest.files else bundle.path(model)


def _network(image: bytes, place: np.void, offset: int, inputs: int, outputs: int) -> ImageNetwork:
    """Return the network that must lie at `offset` and have these sizes."""
    count = int(place["bytes"])
    if place["offset"] != offset or not 1 <= count <= len(image) - offset:
        raise _invalid(f"a network of {count} bytes at {place['offset']} does not lie in the image")
    if place["inputs"] != inputs or place["outputs"] != outputs or place["arena_bytes"] == 0:
        raise _invalid(
            f"a network of {place['inputs']} inputs, {place['outputs']} outputs, not {inputs}, {outputs}"
        )
    model = image[offset : offset + count]
    if hashlib.sha256(model).digest() != place["sha256"].tobytes():
        raise _invalid(f"the network at {offset} is damaged")
    scale, zero_point = _scale(place["scale"]), _zero_point(place["zero_point"])
    return ImageNetwork(model, offset, int(place["arena_bytes"]), inputs, outputs, scale, zero_point)


def _scale(value: np.float32) -> float:
    if not 0 < value < float("inf"):
        raise _invalid(f"a scale of {value}")
    return float(value)


def _zero_point(value: np.int32) -> int:
    if not -128 <= value <= 127:
        raise _invalid(f"a zero point of {value}")
    return int(value)


def _scaling(numbers: NDArray[np.int32]) -> InputScaling:
    kind, offset, multiplier, shift, span = map(int, numbers)
    if not 0 <= kind < len(SCALING_KINDS):
        raise _invalid(f"an input scaling of kind {kind}")
    try:
        settings = {"offset": offset, "multiplier": multiplier, "shift": shift, "span": span}
        return InputScaling(kind=SCALING_KINDS[kind], **settings)
    except InvalidSetting as error:
        raise _invalid(f"the input scaling: {error.what}") from error


def _require_zeros(header: np.void, labels: int, columns: int) -> None:
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
        raise _invalid("the image's header uses more than its format has")
