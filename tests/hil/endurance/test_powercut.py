"""Power cuts: the host port and the twin survive each of them, and a device that does not is caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.errors import BundleInvalid, DeviceError, UnknownName
from firmware_bridge.base.events import listening
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image, parse_image
from firmware_bridge.ports.flash import Flash
from hil.endurance.powercut import (
    TITLE,
    Machine,
    Starter,
    host_starter,
    starter,
    sweep,
    sweep_bundle,
    variant,
)

SLOT_BYTES = 64 * 1024
PAGE = 2048


@pytest.fixture(scope="module")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle)


@pytest.fixture(scope="module")
def host(bundle_path: Path) -> Starter:
    return host_starter(bundle_path)


def operations(image: bytes) -> int:
    """Flash operations of an update: the slot's erase and pages, the record's two."""
    return 1 + -(-len(variant(image, 1)) // PAGE) + 2


def test_host_survives_every_cut(host: Starter, image: bytes) -> None:
    seen = sweep(host, image, SLOT_BYTES, seeds=3)
    count = operations(image)
    assert seen.failures == ()
    assert seen.operations == count
    assert seen.cases == 3 * 3 * (count - 2 + 2 * 8)
    assert seen.old > seen.new > 10
    assert str(seen).startswith(f"{seen.cases} of {seen.cases} survived")


def test_the_sweep_is_the_same_every_time(host: Starter, image: bytes) -> None:
    assert sweep(host, image, SLOT_BYTES, seeds=1) == sweep(host, image, SLOT_BYTES, seeds=1)


def test_some_operations_can_be_left_out(host: Starter, image: bytes) -> None:
    seen = sweep(host, image, SLOT_BYTES, seeds=1, every=100)
    assert seen.cases == 3 * (1 + 1 + 2 * 8)
    assert seen.failures == ()


def test_a_variant_is_another_bundle_that_runs(image: bytes) -> None:
    old, new = parse_image(image), parse_image(variant(image, 1))
    assert old.bundle != new.bundle
    assert {old.acoustic.sha256, old.keyword.sha256}.isdisjoint({new.acoustic.sha256, new.keyword.sha256})
    assert new.acoustic.model.startswith(old.acoustic.model)


class Spoilt:
    """A flash behind which something goes wrong: the sweep must notice."""

    def __init__(self, host: Starter, **tricks: Any) -> None:
        self._host, self._tricks = host, tricks

    def __call__(self, flash: Flash) -> Machine:
        for name, trick in self._tricks.items():
            whole = getattr(Flash, name).__get__(flash)
            setattr(flash, name, lambda *a, whole=whole, trick=trick: trick(flash, whole, *a))
        return self._host(flash)


def test_one_record_area_for_all_is_caught(host: Starter, image: bytes) -> None:
    """A firmware that writes its record where the newest one lies loses both when the power goes."""

    def one(flash: Flash, whole: Any, area: int, *rest: Any) -> Any:
        return whole(2 if area == 3 else area, *rest)

    seen = sweep(Spoilt(host, read=one, erase=one, program=one), image, SLOT_BYTES, seeds=1)
    assert any("too early" in failure or "neither" in failure for failure in seen.failures), seen


def test_one_slot_for_all_is_caught(host: Starter, image: bytes) -> None:
    """A firmware that writes over the slot that it runs from has no bundle after a cut."""

    def one(flash: Flash, whole: Any, area: int, *rest: Any) -> Any:
        return whole(0 if area == 1 else area, *rest)

    seen = sweep(Spoilt(host, read=one, erase=one, program=one), image, SLOT_BYTES, seeds=1)
    assert any("neither bundle answers" in failure for failure in seen.failures), seen


def test_a_record_before_its_image_is_caught(host: Starter, image: bytes) -> None:
    """A firmware whose image is there before it may be: the sweep sees the new bundle too early."""
    whole = variant(image, 1)

    def early(flash: Flash, erase: Any, area: int) -> bool:
        done = erase(area)
        if area >= 2 and flash.off:
            # What should be half done is done, in the operation before the last.
            other = 5 - area
            record = flash.content(other)[:16] if flash.content(other)[:4] == b"UTRC" else b""
            sequence = int.from_bytes(record[4:8], "little") + 1 if record else 1
            slot = next(s for s in (0, 1) if flash.content(s)[: len(whole)] == whole)
            flash.restore([*flash.snapshot()[:2], *_records(flash, area, sequence, slot)])
        return bool(done)

    seen = sweep(Spoilt(host, erase=early), image, SLOT_BYTES, seeds=1)
    assert any("too early" in failure for failure in seen.failures), seen


def _records(flash: Flash, area: int, sequence: int, slot: int) -> list[bytes]:
    import struct
    import zlib

    made = [flash.content(2), flash.content(3)]
    fields = b"UTRC" + struct.pack("<II", sequence, slot)
    record = fields + struct.pack("<I", zlib.crc32(fields))
    made[area - 2] = record + made[area - 2][len(record) :]
    return made


def test_a_device_that_cannot_be_updated_at_all_is_an_error(host: Starter, image: bytes) -> None:
    def refuse(flash: Flash, whole: Any, *rest: Any) -> bool:
        return False

    with pytest.raises(DeviceError, match="storage_failed"):
        sweep(Spoilt(host, program=refuse), image, SLOT_BYTES)


def test_unknown_devices_are_refused(bundle_path: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        starter("toaster", bundle_path)
    assert "host, twin" in caught.value.remedy


def test_a_bundles_device_is_swept(bundle_path: Path) -> None:
    seen = sweep_bundle("host", bundle_path, seeds=1, every=9)
    assert seen.failures == ()
    assert seen.as_dict()["survived"] == seen.cases > 0


def test_only_the_sweep_says_how_far_it_is(host: Starter, image: bytes) -> None:
    """Each case sends bundles; a bar or a line for each of thousands would bury the one that counts."""
    steps: set[str] = set()
    with listening(lambda event: steps.add(event.step)):
        sweep(host, image, SLOT_BYTES, seeds=1, every=100)
    assert steps == {TITLE}


def test_a_bundle_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleInvalid):
        sweep_bundle("host", tmp_path)


@pytest.mark.slow
def test_twin_survives_every_cut(bundle_path: Path, image: bytes) -> None:
    pytest.importorskip("unicorn")
    seen = sweep(starter("twin", bundle_path), image, SLOT_BYTES, seeds=1)
    assert seen.failures == ()
    assert seen.operations == operations(image)
    assert seen.new > 0
