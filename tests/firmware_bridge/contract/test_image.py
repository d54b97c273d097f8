"""The image: what is built is read back, and nothing that is damaged or contradicts itself is read."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.contract.bundle import Bundle, write_bundle
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.contract.image import (
    ARENA_FLOOR,
    HEADER,
    HEADER_BYTES,
    build_image,
    parse_image,
    write_image,
)
from tests.support.image_cases import AT, BOUNDS, CONTRADICTIONS, fullest_bias, put, sealed


@pytest.fixture(scope="module")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle)


def test_layout_is_the_documented_one() -> None:
    fields = HEADER["fields"].fields
    assert {name: place for name, (_, place) in fields.items()} == AT
    assert HEADER.fields["crc32"][1] == 4092
    assert HEADER.itemsize == HEADER_BYTES


def test_image_holds_what_the_bundle_says(bundle: Bundle, image: bytes) -> None:
    manifest, read = bundle.manifest, parse_image(image)
    spec = manifest.frontend
    assert (read.bundle, read.frontend) == (bundle.id, manifest.table_hash)
    assert (read.labels, read.keywords) == (len(manifest.labels), len(manifest.keywords))
    assert (read.window_samples, read.hop_samples) == (16 * manifest.window_ms, 16 * manifest.hop_ms)
    assert (read.frames, read.channels) == (spec.frames(read.window_samples), spec.channels)
    assert read.scaling.kind == manifest.scaling.kind
    for name in ("acoustic", "keyword"):
        network, model = getattr(read, name), manifest.models[name]
        assert network.model == bundle.path(model).read_bytes()
        assert network.sha256 == model.sha256
        assert (network.inputs, network.outputs) == (np.prod(model.input_shape), np.prod(model.output_shape))
        assert network.scale == np.float32(model.output_scale)
        assert network.zero_point == model.output_zero_point
        assert network.arena_bytes >= ARENA_FLOOR + network.inputs + network.outputs
    head = manifest.fusion
    assert np.array_equal(read.fusion.weight, head.weight)
    assert np.array_equal(read.fusion.bias, head.bias)
    assert np.array_equal(read.fusion.zero_point, head.zero_point)
    assert (read.fusion.shift, read.fusion.output_scale) == (head.shift, np.float32(head.output_scale))
    assert read.fused_zero_point == 0
    assert all(offset % 16 == 0 for offset in read.offsets)
    assert write_image(read) == image


def test_plain_struct_reads_the_same(bundle: Bundle, image: bytes) -> None:
    """A reader that knows only the table in the docstring."""
    magic, number, count = struct.unpack_from("<4sII", image, 0)
    assert (magic, number, count) == (b"UTIM", 1, len(image))
    offset, size = struct.unpack_from("<II", image, AT["networks"])
    model = bundle.manifest.models["acoustic"]
    assert hashlib.sha256(image[offset : offset + size]).hexdigest() == model.sha256
    weights = np.frombuffer(image, "<i2", 16 * 48, AT["fusion_weight"]).reshape(16, 48)
    assert weights[:3, :5].tolist() == bundle.manifest.fusion.weight.tolist()
    assert not weights[3:].any()
    assert not weights[:, 5:].any()


def test_same_bundle_gives_the_same_bytes(bundle: Bundle, image: bytes) -> None:
    assert build_image(bundle) == image


def test_compiled_networks_are_taken_where_there_are_any(bundle: Bundle, tmp_path: Path) -> None:
    files = {name: (bundle.directory / name).read_bytes() for name in bundle.manifest.files}
    files["acoustic_edgetpu.tflite"] = b"what the compiler made"
    fields = bundle.manifest.model_dump(mode="json")
    fields["models"]["acoustic"]["compiled"] = "acoustic_edgetpu.tflite"
    both = write_bundle(tmp_path / "both", fields, files)
    compiled, plain = parse_image(build_image(both)), parse_image(build_image(both, compiled=False))
    assert compiled.acoustic.model == b"what the compiler made"
    assert compiled.keyword.model == files["keyword.tflite"]
    assert plain.acoustic.model == files["acoustic.tflite"]


def test_every_flipped_byte_of_the_header_is_refused(image: bytes, rng: np.random.Generator) -> None:
    for at in range(HEADER_BYTES):
        damaged = bytearray(image)
        damaged[at] ^= int(rng.integers(1, 256))
        with pytest.raises(BundleInvalid):
            parse_image(bytes(damaged))


def test_flipped_bytes_of_networks_are_refused(image: bytes, rng: np.random.Generator) -> None:
    read = parse_image(image)
    start = read.offsets[1]
    for at in rng.integers(start, start + len(read.keyword.model), 50):
        damaged = bytearray(image)
        damaged[at] ^= 1
        with pytest.raises(BundleInvalid, match="damaged"):
            parse_image(bytes(damaged))


def test_every_cut_is_refused(image: bytes, rng: np.random.Generator) -> None:
    ends = {0, 1, HEADER_BYTES - 1, HEADER_BYTES, len(image) - 1, *rng.integers(0, len(image), 40).tolist()}
    for end in ends:
        with pytest.raises(BundleInvalid):
            parse_image(image[:end])
    with pytest.raises(BundleInvalid):
        parse_image(image + b"\0")


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_where_they_are_said_to_be(image: bytes, name: str) -> None:
    right, wrong = BOUNDS[name]
    parse_image(sealed(image, right))
    with pytest.raises(BundleInvalid):
        parse_image(sealed(image, wrong))


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sum_of_the_head_fits_32_bits_exactly(image: bytes, sign: int) -> None:
    most = fullest_bias(image)
    parse_image(sealed(image, put(AT["fusion_bias"], "i", sign * most)))
    with pytest.raises(BundleInvalid, match="overflow"):
        parse_image(sealed(image, put(AT["fusion_bias"], "i", sign * (most + 1))))


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_refused(image: bytes, name: str) -> None:
    with pytest.raises(BundleInvalid) as caught:
        parse_image(sealed(image, CONTRADICTIONS[name]))
    assert caught.value.remedy


def test_harmless_changes_are_read(image: bytes) -> None:
    """The same door lets through what is right: the cases above are refused for their own sake."""
    read = parse_image(sealed(image, put(AT["fusion_bias"], "i", -5), put(AT["fused_zero_point"], "i", -128)))
    assert read.fusion.bias[0] == -5
    assert read.fused_zero_point == -128


def altered(bundle: Bundle, **fields: Any) -> Bundle:
    return replace(bundle, manifest=bundle.manifest.model_copy(update=fields))


def test_a_bundle_that_does_not_fit_is_refused(bundle: Bundle) -> None:
    manifest = bundle.manifest
    wide = FusionHead(
        weight=np.zeros((17, 19), np.int32),
        bias=np.zeros(17, np.int32),
        zero_point=np.zeros(19, np.int32),
        shift=4,
        output_scale=1.0,
    )
    cases = [
        altered(bundle, labels=[*manifest.labels, "more"]),
        altered(bundle, keywords=["none"]),
        altered(bundle, labels=[str(i) for i in range(17)], fusion=wide),
        altered(bundle, models={"acoustic": manifest.models["acoustic"]}),
        altered(bundle, window_ms=600),
        altered(bundle, table_hash="not a hash"),
        altered(bundle, table_hash="00"),
    ]
    for case in cases:
        with pytest.raises(BundleInvalid) as caught:
            build_image(case)
        assert caught.value.remedy
