"""Exchange of a device's bundle over its wire: sent, verified by the device, and asked for afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from firmware_bridge.base.errors import DeviceError, DeviceSilent
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.base.progress import track
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import Image, build_image, parse_image
from firmware_bridge.protocol import TABLE, ErrorCode
from firmware_bridge.protocol.messages import UpdateBegin, UpdateData, UpdateEnd
from hil.client.client import DeviceClient, DeviceIdentity
from hil.client.conversation import DeviceRefused

PIECE_BYTES = next(field.most for field in TABLE.layouts["update_data"].fields if field.name == "data")
ERASE_S = 30.0  # a slot of NAND flash, generously
VERIFY_S = 30.0  # read back and hash an image, make both networks ready
STARTS = 3  # how often an update that the device lost is begun


class NotUpdatable(DeviceError):
    """The device has no flash for another bundle."""


class ImageTooLarge(DeviceError):
    """The image, a network or its arena is larger than the device's memory."""


class WrongFrontend(DeviceError):
    """The bundle was made for another front-end or other windows than the device's firmware."""


class ImageRefused(DeviceError):
    """The device did not find the image that was announced, whole, in its flash."""


class StorageFailed(DeviceError):
    """The device's flash does not work."""


class NotRunnable(DeviceError):
    """The device has the image and cannot run its networks."""


class UpdateLost(DeviceError):
    """The device forgot the update, or answers with another bundle after it."""


_FLASH_AGAIN = "build and flash the firmware that belongs to the bundle: `undertone flash`"
REFUSALS: dict[int, tuple[type[DeviceError], str]] = {
    ErrorCode.NOT_CAPABLE: (NotUpdatable, _FLASH_AGAIN),
    ErrorCode.DOES_NOT_FIT: (
        ImageTooLarge,
        "train smaller networks (see `undertone analyse`), or flash a firmware with larger slots and arenas",
    ),
    ErrorCode.WRONG_FRONTEND: (WrongFrontend, _FLASH_AGAIN),
    ErrorCode.WRONG_HASH: (
        ImageRefused,
        "send it again; if it happens again, check the cable, then the flash",
    ),
    ErrorCode.STORAGE_FAILED: (
        StorageFailed,
        "reset the device and send it again; if it happens again, the flash is worn out",
    ),
    ErrorCode.INTERNAL: (
        NotRunnable,
        "check the networks with `undertone lint`; the bundle before is still in use",
    ),
}


def update_bundle(client: DeviceClient, bundle: Bundle) -> DeviceIdentity:
    """Give a device another bundle; return what it answers with then.

    A device whose Edge TPU is simulated gets the networks that were not compiled: it can run no others.

    Args:
        client: Talks to the device.
        bundle: The bundle.

    Raises:
        DeviceError: A subclass for each refusal, with its remedy; the bundle before stays in use.
        BundleInvalid: The bundle does not fit an image.
    """
    compiled = client.hello().evidence == Evidence.MEASURED
    return send_update(client, build_image(bundle, compiled))


def send_update(client: DeviceClient, image: bytes, quietly: bool = False) -> DeviceIdentity:
    """Give a device an image; return what it answers with then.

    What the device has of this image already, from this session, is not sent again. An update that the
    device lost on the way (it was reset) is begun anew.

    Args:
        client: Talks to the device.
        image: See firmware_bridge/contract/image.py.
        quietly: Say nothing of how far it is: for whoever sends thousands.

    Raises:
        DeviceError: A subclass for each refusal, with its remedy; the bundle before stays in use.
        DeviceSilent: No answer in time.
        BundleInvalid: It is no whole image.
    """
    content = parse_image(image)
    identity = client.hello()
    if not identity.capabilities & TABLE.capabilities["update"]:
        raise _typed(DeviceRefused(ErrorCode.NOT_CAPABLE, "this device has no flash to update"))
    if identity.frontend != content.frontend:
        words = f"the bundle's front-end is {content.frontend[:12]}, the device's {identity.frontend[:12]}"
        raise WrongFrontend(words, _FLASH_AGAIN)
    for start in range(STARTS):
        try:
            return _send(client, image, content, quietly)
        except DeviceRefused as refusal:
            if refusal.code != ErrorCode.NO_UPDATE or start + 1 == STARTS:
                raise _typed(refusal) from refusal
    raise AssertionError("unreachable: the last start returns or raises")


def _send(client: DeviceClient, image: bytes, content: Image, quietly: bool) -> DeviceIdentity:
    """Send an image once, from where the device is."""
    digest = np.frombuffer(hashlib.sha256(image).digest(), np.uint8)
    ready = client.ask(UpdateBegin(len(image), digest), ERASE_S)
    left = -(-(len(image) - ready.received) // PIECE_BYTES)
    pieces = _pieces(client, image, ready.received)
    for _ in pieces if quietly else track(pieces, "sending the bundle", left):
        pass
    try:
        client.ask(UpdateEnd(), VERIFY_S)
    except (DeviceRefused, DeviceSilent) as error:
        # Its answer may have been lost, and the repeated request refused: what counts is what the device has.
        if isinstance(error, DeviceRefused) and error.code != ErrorCode.NO_UPDATE:
            raise
        identity = client.hello()
        if identity.bundle != content.bundle:
            raise
        return identity
    identity = client.hello()
    if identity.bundle != content.bundle:
        raise UpdateLost(
            f"the device took bundle {content.bundle[:12]} and answers with {identity.bundle[:12] or 'none'}",
            "reset it and send the bundle again",
        )
    return identity


def _pieces(client: DeviceClient, image: bytes, received: int) -> Iterator[int]:
    """Send the image's pieces from `received` on; yield how much the device has after each."""
    odd = 0
    while received < len(image):
        data = np.frombuffer(image[received : received + PIECE_BYTES], np.uint8)
        now = client.ask(UpdateData(received, data)).received
        odd += now != received + len(data)
        if odd == STARTS or now > len(image):
            raise UpdateLost(
                f"the device had {received} bytes, got {len(data)} more, and says that it has {now}",
                "send the bundle again; if it happens again, flash the firmware of this version",
            )
        received = now
        yield received


def _typed(refusal: DeviceRefused) -> DeviceError:
    """Return the error that says what a refused update needs."""
    if refusal.code == ErrorCode.NO_UPDATE:
        return UpdateLost(
            f"{refusal.what}, {STARTS} times",
            "find out what resets the device (power, another program on its port)",
        )
    kind, remedy = REFUSALS.get(refusal.code, (None, ""))
    return kind(refusal.what, remedy) if kind else refusal
