"""core/image.c against the Python reader, and against what does not fit the device."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import BundleInvalid
from firmware_bridge.contract.bundle import load_bundle
from firmware_bridge.contract.image import HEADER_BYTES, build_image, parse_image
from firmware_bridge.microfrontend.emit import SCALING_KINDS
from firmware_bridge.ports.flash import Flash
from firmware_bridge.protocol import ErrorCode
from tests.support.image_cases import AT, BOUNDS, CONTRADICTIONS, NETWORK, SECOND, fullest_bias, put, sealed

SLOT_BYTES = 64 * 1024
FIELDS_BYTES = 1900


def assert_same(image: Any, content: bytes) -> None:
    """Assert that what the C core read is what Python reads."""
    read = parse_image(content)
    assert image.bytes == len(content)
    assert bytes(image.bundle).hex() == read.bundle
    assert bytes(image.frontend).hex() == read.frontend
    for name in ("labels", "keywords", "window_samples", "hop_samples", "frames", "channels"):
        assert getattr(image, name) == getattr(read, name), name
    assert SCALING_KINDS[image.scaling.kind] == read.scaling.kind
    for name in ("offset", "multiplier", "shift", "span"):
        assert getattr(image.scaling, name) == getattr(read.scaling, name), name
    assert (image.fused_scale, image.fused_zero_point) == (read.fusion.output_scale, read.fused_zero_point)
    for place, network, offset in zip(image.networks, read.networks, read.offsets, strict=True):
        assert (place.offset, place.bytes) == (offset, len(network.model))
        assert (place.arena_bytes, place.inputs, place.outputs) == (
            network.arena_bytes,
            network.inputs,
            network.outputs,
        )
        assert (place.output_scale, place.output_zero_point) == (network.scale, network.zero_point)
        assert bytes(place.sha256).hex() == network.sha256
    assert image.fusion.shift == read.fusion.shift
    weight = np.array([list(row) for row in image.fusion.weight])
    columns = read.labels + read.keywords
    assert np.array_equal(weight[: read.labels, :columns], read.fusion.weight)
    assert list(image.fusion.bias)[: read.labels] == read.fusion.bias.tolist()
    assert list(image.fusion.zero_point)[:columns] == read.fusion.zero_point.tolist()


def judged(make_device: Callable[..., Any], content: bytes) -> tuple[int, Any]:
    """Return the code of opening and verifying an image in a slot, and what was read."""
    device = make_device(Flash(SLOT_BYTES, [content]))
    code, image = device.open()
    return (code or device.verify(image)), image


def test_what_python_writes_is_read(make_device: Any, images: list[bytes]) -> None:
    for content in images:
        code, image = judged(make_device, content)
        assert code == 0
        assert_same(image, content)


def test_every_flipped_byte_of_the_header_is_refused(
    make_device: Any, image: bytes, rng: np.random.Generator
) -> None:
    flash = Flash(SLOT_BYTES, [image])
    device, whole = make_device(flash), flash.snapshot()
    for at in range(HEADER_BYTES):
        damaged = bytearray(image)
        damaged[at] ^= int(rng.integers(1, 256))
        flash.restore([bytes(damaged).ljust(SLOT_BYTES, b"\xff"), *whole[1:]])
        code, _ = device.open()
        assert code == ErrorCode.WRONG_HASH, at


def test_every_byte_of_the_fields_means_the_same_to_both(
    make_device: Any, image: bytes, reseal: Any, rng: np.random.Generator
) -> None:
    """Each byte of the fields is changed and the checksum mended: C refuses it where Python does, or reads the same.

    The device refuses more than Python: windows and front-ends that are not its own, and what does not fit.
    """
    flash = Flash(SLOT_BYTES, [image])
    device, whole = make_device(flash), flash.snapshot()
    read = refused = 0
    for at in range(FIELDS_BYTES + 8):
        for value in {0, 1, 0x7F, 0x80, 0xFF, int(rng.integers(256))} - {image[at]}:
            changed = bytearray(image)
            changed[at] = value
            content = reseal(bytes(changed), networks=False)
            flash.restore([content.ljust(SLOT_BYTES, b"\xff"), *whole[1:]])
            code, made = device.open()
            code = code or device.verify(made)
            try:
                parse_image(content)
            except BundleInvalid:
                assert code != 0, (at, value)
                refused += 1
                continue
            if code == 0:
                assert_same(made, content)
                read += 1
            else:
                assert code in (ErrorCode.WRONG_FRONTEND, ErrorCode.DOES_NOT_FIT), (at, value)
    assert read > 200
    assert refused > 5000


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_refused(make_device: Any, image: bytes, name: str) -> None:
    code, _ = judged(make_device, sealed(image, CONTRADICTIONS[name]))
    assert code in (ErrorCode.WRONG_HASH, ErrorCode.WRONG_FRONTEND)


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_the_same(make_device: Any, image: bytes, name: str) -> None:
    right, wrong = (sealed(image, change) for change in BOUNDS[name])
    code, made = judged(make_device, right)
    assert code == 0
    assert_same(made, right)
    assert judged(make_device, wrong)[0] == ErrorCode.WRONG_HASH


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sum_of_the_head_fits_32_bits_exactly(make_device: Any, image: bytes, sign: int) -> None:
    most, at = fullest_bias(image), AT["fusion_bias"]
    assert judged(make_device, sealed(image, put(at, "i", sign * most)))[0] == 0
    assert judged(make_device, sealed(image, put(at, "i", sign * (most + 1))))[0] == ErrorCode.WRONG_HASH


@pytest.mark.parametrize("end", [0, 16, 4096])
def test_lengths_that_go_round_are_refused(make_device: Any, image: bytes, end: int) -> None:
    """A first network so long that its end, in 32 bits, comes out before its start; the second one from there on."""
    changed = bytearray(image)
    struct.pack_into("<I", changed, NETWORK + 4, (end - HEADER_BYTES) % (1 << 32))
    struct.pack_into("<II", changed, SECOND, end, len(image) - end)
    device = make_device(Flash(SLOT_BYTES, [sealed(bytes(changed))]))
    assert device.open()[0] == ErrorCode.WRONG_HASH


def test_random_bytes_with_a_right_checksum_are_refused(make_device: Any, reseal: Any, rng: Any) -> None:
    """Whole fields of rubbish, a right beginning and a right end: no crash, no sum that goes round."""
    for _ in range(300):
        content = bytearray(rng.bytes(HEADER_BYTES + 64))
        content[:8] = b"UTIM" + struct.pack("<I", 1)
        right = reseal(bytes(content), networks=False)
        code, _ = judged(make_device, right)
        assert code == ErrorCode.WRONG_HASH
        with pytest.raises(BundleInvalid):
            parse_image(right)


def test_a_network_that_differs_is_found(make_device: Any, image: bytes, rng: np.random.Generator) -> None:
    read = parse_image(image)
    for network, offset in zip(read.networks, read.offsets, strict=True):
        for at in (0, len(network.model) - 1, *rng.integers(0, len(network.model), 4).tolist()):
            damaged = bytearray(image)
            damaged[offset + at] ^= 0x10
            device = make_device(Flash(SLOT_BYTES, [bytes(damaged)]))
            code, made = device.open()
            assert code == 0
            assert device.verify(made) == ErrorCode.WRONG_HASH


def test_verified_networks_lie_in_memory_as_in_the_image(core: Any, make_device: Any, image: bytes) -> None:
    device, read = make_device(Flash(SLOT_BYTES, [image])), parse_image(image)
    code, made = device.open()
    assert code == 0
    room = len(image) - HEADER_BYTES
    into = core.ffi.new("uint8_t[]", room)
    assert core.lib.ut_image_verify(device.port, 0, made, into) == 0
    content = bytes(core.ffi.buffer(into))
    for network, offset in zip(read.networks, read.offsets, strict=True):
        at = offset - HEADER_BYTES
        assert content[at : at + len(network.model)] == network.model


def test_limits_of_the_device(make_device: Any, image: bytes) -> None:
    """Each limit by itself: what just fits is opened, one byte less is not."""
    read, flash = parse_image(image), Flash(SLOT_BYTES, [image])
    arena, models = read.acoustic.arena_bytes, len(image) - HEADER_BYTES
    assert make_device(flash, arena_bytes=arena, models_bytes=models).open()[0] == 0
    assert make_device(flash, arena_bytes=arena - 1).open()[0] == ErrorCode.DOES_NOT_FIT
    greedy = sealed(image, put(SECOND + 8, "I", arena + 1))
    assert make_device(Flash(SLOT_BYTES, [greedy]), arena_bytes=arena).open()[0] == ErrorCode.DOES_NOT_FIT
    assert make_device(flash, models_bytes=models - 1).open()[0] == ErrorCode.DOES_NOT_FIT
    assert make_device(flash, models_bytes=0).open()[0] == ErrorCode.DOES_NOT_FIT
    assert make_device(flash, frontend="0" * 64).open()[0] == ErrorCode.WRONG_FRONTEND
    assert make_device(flash, has_flash=False).open()[0] == ErrorCode.NOT_CAPABLE


def test_image_larger_than_the_slot_is_refused(make_device: Any, image: bytes) -> None:
    device = make_device(Flash(SLOT_BYTES, [image]))
    device.build.slot_bytes = len(image)
    assert device.open()[0] == 0
    device.build.slot_bytes = len(image) - 1
    assert device.open()[0] == ErrorCode.DOES_NOT_FIT


@pytest.mark.parametrize("field", ["window_samples", "hop_samples"])
def test_other_windows_are_another_front_end(make_device: Any, image: bytes, reseal: Any, field: str) -> None:
    at = {"window_samples": 84, "hop_samples": 88}[field]
    changed = bytearray(image)
    struct.pack_into("<I", changed, at, struct.unpack_from("<I", changed, at)[0] + 160)
    assert judged(make_device, reseal(bytes(changed)))[0] == ErrorCode.WRONG_FRONTEND


def test_flash_that_does_not_read_is_said(make_device: Any, image: bytes) -> None:
    flash = Flash(SLOT_BYTES, [image])
    device = make_device(flash)
    _, made = device.open()
    reads = iter([None])
    flash.read = lambda area, offset, count: next(reads, b"\0" * count)  # type: ignore[method-assign]
    assert device.open()[0] == ErrorCode.STORAGE_FAILED
    reads = iter([None])
    assert device.verify(made) == ErrorCode.STORAGE_FAILED


def test_a_real_bundle_is_read(core: Any, make_device: Any, tmp_path: Path) -> None:
    """The bundle that was built last, where there is one, by a core made for it."""
    folder = Path(__file__).parents[3] / "build" / "bundle"
    if not folder.exists():
        pytest.skip("no bundle was built")
    bundle = load_bundle(folder.resolve())
    content = build_image(bundle, compiled=False)
    room = 1 << 21
    flash = Flash(room, [content])
    device = type(make_device(flash))(type(core)(bundle, tmp_path), flash, models_bytes=room)
    device.build.slot_bytes = room
    assert device.start() == 0
    assert device.bundle_id() == bundle.id
    assert_same(device.open()[1], content)
    assert device.loaded[0] == bundle.path(bundle.manifest.models["acoustic"]).read_bytes()
