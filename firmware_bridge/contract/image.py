"""The image: a bundle as the device holds it, in one of its two slots of flash.

A header of 4096 bytes, then both networks, each padded with zeros to 16 bytes. All numbers are
little-endian; what the header does not use is zero. Fields, in this order (`HEADER`)::

    magic             4 bytes   "UTIM"
    format            u32       1
    bytes             u32       of the whole image
    bundle            32 bytes  the bundle's id (SHA-256 of its manifest)
    frontend          32 bytes  SHA-256 of the front-end's tables
    labels            u32       1..16
    keywords          u32       1..32
    window_samples    u32       of a window
    hop_samples       u32       from one window's start to the next
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
    fusion_bias       i32[16]   of each label
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

import numpy as np

from firmware_bridge.contract.bundle import Bundle, ModelFile
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.contract.image_header import (
    FORMAT,
    HEADER,
    HEADER_BYTES,
    MAGIC,
    SIZES,
    checked_scale,
    checked_scaling,
    checked_zero_point,
    digest_bytes,
    invalid,
    padded,
    require_classes,
    require_zeros,
)
from firmware_bridge.microfrontend import InputScaling
from firmware_bridge.microfrontend.emit import SCALING_KINDS

__all__ = ["HEADER", "HEADER_BYTES", "Image", "ImageNetwork", "build_image", "parse_image", "write_image"]

NETWORKS = ("acoustic", "keyword")
# Beside its input and output a co-compiled network needs little; the rest of the arena is room to spare.
ARENA_FLOOR = 64 * 1024


@dataclass(frozen=True)
class ImageNetwork:
    """One network of an image.

    Attributes:
        model: The `.tflite`.
        arena_bytes: Memory that its interpreter needs.
        inputs: int8 values of the input.
        outputs: int8 values of the output.
        scale: Real value of one step of the output.
        zero_point: Output step that means 0.
    """

    model: bytes
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
    acoustic: ImageNetwork
    keyword: ImageNetwork
    fusion: FusionHead
    fused_zero_point: int = 0

    @property
    def networks(self) -> tuple[ImageNetwork, ImageNetwork]:
        """Both networks, in the order of the image."""
        return self.acoustic, self.keyword

    @property
    def offsets(self) -> tuple[int, int]:
        """Where the networks lie in the image."""
        return HEADER_BYTES, HEADER_BYTES + padded(len(self.acoustic.model))


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
    spec, windowing = manifest.frontend, manifest.windowing
    missing = [name for name in NETWORKS if name not in manifest.models]
    if missing:
        raise invalid(f"the bundle has no network '{missing[0]}'")
    acoustic, keyword = (_read_network(bundle, manifest.models[name], compiled) for name in NETWORKS)
    return write_image(
        Image(
            bundle=bundle.id,
            frontend=manifest.table_hash,
            labels=len(manifest.labels),
            keywords=len(manifest.keywords),
            window_samples=windowing.window_samples,
            hop_samples=windowing.hop_samples,
            frames=spec.frames(windowing.window_samples),
            channels=spec.channels,
            scaling=manifest.scaling,
            acoustic=acoustic,
            keyword=keyword,
            fusion=manifest.fusion,
        )
    )


def write_image(image: Image) -> bytes:
    """Return the bytes of an image; `parse_image` reads them back.

    Raises:
        BundleInvalid: It contradicts itself, or is more than an image can hold.
    """
    labels, columns = image.fusion.weight.shape
    if (labels, columns) != (image.labels, image.labels + image.keywords):
        raise invalid(
            f"a fusion head of {columns} scores to {labels} labels does not fit the bundle's classes"
        )
    require_classes(image.labels, image.keywords)
    header = np.zeros((), HEADER)
    fields = header["fields"]
    fields["magic"], fields["format"] = np.frombuffer(MAGIC, np.uint8), FORMAT
    fields["bundle"], fields["frontend"] = digest_bytes(image.bundle), digest_bytes(image.frontend)
    for name in ("labels", "keywords", *SIZES, "fused_zero_point"):
        fields[name] = getattr(image, name)
    numbers = (image.scaling.offset, image.scaling.multiplier, image.scaling.shift, image.scaling.span)
    fields["scaling"] = (SCALING_KINDS.index(image.scaling.kind), *numbers)
    fields["fused_scale"] = image.fusion.output_scale
    fields["fusion_shift"] = image.fusion.shift
    fields["fusion_bias"][:labels] = image.fusion.bias
    fields["fusion_weight"][:labels, :columns] = image.fusion.weight
    fields["fusion_zero_point"][:columns] = image.fusion.zero_point
    content = b""
    for place, network, offset in zip(fields["networks"], image.networks, image.offsets, strict=True):
        place["offset"], place["bytes"] = offset, len(network.model)
        for name in ("arena_bytes", "inputs", "outputs", "scale", "zero_point"):
            place[name] = getattr(network, name)
        place["sha256"] = digest_bytes(network.sha256)
        content += network.model.ljust(padded(len(network.model)), b"\0")
    fields["bytes"] = HEADER_BYTES + len(content)
    header["crc32"] = zlib.crc32(header.tobytes()[:-4])
    written = header.tobytes() + content
    parse_image(written)
    return written


def parse_image(image: bytes) -> Image:
    """Return what an image holds.

    Raises:
        BundleInvalid: It is damaged, cut, of another format, or contradicts itself.
    """
    if len(image) < HEADER_BYTES:
        raise invalid(f"an image of {len(image)} bytes; its header alone has {HEADER_BYTES}")
    header = np.frombuffer(image, HEADER, 1)[0]
    fields = header["fields"]
    if fields["magic"].tobytes() != MAGIC or fields["format"] != FORMAT:
        raise invalid("not an image of this format")
    if header["crc32"] != zlib.crc32(image[: HEADER_BYTES - 4]):
        raise invalid("the image's header is damaged")
    if fields["bytes"] != len(image):
        raise invalid(f"the image should have {fields['bytes']} bytes and has {len(image)}")
    labels, keywords = int(fields["labels"]), int(fields["keywords"])
    require_classes(labels, keywords)
    sizes = {name: int(fields[name]) for name in SIZES}
    if min(sizes.values()) < 1:
        raise invalid(f"the image has sizes of zero: {sizes}")
    require_zeros(header, labels, labels + keywords)
    inputs = sizes["frames"] * sizes["channels"]
    acoustic = _network(image, fields["networks"][0], HEADER_BYTES, inputs, labels)
    middle = HEADER_BYTES + padded(len(acoustic.model))
    keyword = _network(image, fields["networks"][1], middle, inputs, keywords)
    if middle + padded(len(keyword.model)) != len(image):
        raise invalid("the image's networks do not end where it does")
    columns = labels + keywords
    fusion = FusionHead(
        weight=fields["fusion_weight"][:labels, :columns].astype(np.int32),
        bias=fields["fusion_bias"][:labels].astype(np.int32),
        zero_point=fields["fusion_zero_point"][:columns].astype(np.int32),
        shift=int(fields["fusion_shift"]),
        output_scale=checked_scale(fields["fused_scale"]),
    )
    return Image(
        fields["bundle"].tobytes().hex(),
        fields["frontend"].tobytes().hex(),
        labels,
        keywords,
        **sizes,
        scaling=checked_scaling(fields["scaling"]),
        acoustic=acoustic,
        keyword=keyword,
        fusion=fusion,
        fused_zero_point=checked_zero_point(fields["fused_zero_point"]),
    )


def _read_network(bundle: Bundle, model: ModelFile, compiled: bool) -> ImageNetwork:
    """Return a network: the compiled file where there is one and it is wanted, else the original."""
    path = (bundle.compiled_path(model) if compiled else None) or bundle.path(model)
    inputs, outputs = int(np.prod(model.input_shape)), int(np.prod(model.output_shape))
    arena = padded(ARENA_FLOOR + inputs + outputs)
    return ImageNetwork(
        path.read_bytes(), arena, inputs, outputs, model.output_scale, model.output_zero_point
    )


def _network(image: bytes, place: np.void, offset: int, inputs: int, outputs: int) -> ImageNetwork:
    """Return the network that must lie at `offset` and have these sizes."""
    count = int(place["bytes"])
    if place["offset"] != offset or not 1 <= count <= len(image) - offset:
        raise invalid(f"a network of {count} bytes at {place['offset']} does not lie in the image")
    if place["inputs"] != inputs or place["outputs"] != outputs or place["arena_bytes"] == 0:
        raise invalid(
            f"a network of {place['inputs']} inputs, {place['outputs']} outputs, not {inputs}, {outputs}"
        )
    model = image[offset : offset + count]
    if hashlib.sha256(model).digest() != place["sha256"].tobytes():
        raise invalid(f"the network at {offset} is damaged")
    scale, zero_point = checked_scale(place["scale"]), checked_zero_point(place["zero_point"])
    return ImageNetwork(model, int(place["arena_bytes"]), inputs, outputs, scale, zero_point)
