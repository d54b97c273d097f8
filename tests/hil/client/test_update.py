"""The host's side of an update: resumed, verified, and every refusal with its remedy."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import BundleInvalid, DeviceError, DeviceSilent, UndertoneError
from firmware_bridge.base.events import Ended, Event, Kind, listening
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image, parse_image, write_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.build import build_core
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.ports.host.library import Library
from firmware_bridge.protocol import TABLE, DeviceServer, ErrorCode, messages
from firmware_bridge.protocol.loopback import LoopbackEngine
from hil.client.client import DeviceClient
from hil.client.conversation import DeviceRefused
from hil.client.update import (
    REFUSALS,
    ImageRefused,
    ImageTooLarge,
    NotRunnable,
    NotUpdatable,
    StorageFailed,
    UpdateLost,
    WrongFrontend,
    send_update,
    update_bundle,
)
from hil.devices.host_process import HostProcess
from hil.endurance.powercut import variant
from hil.link.chaos import Faults, FaultyLink
from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing

SLOT_BYTES = 64 * 1024
TIMING = Timing(reply_s=0.5, window_s=0.5, features_s=0.5)


class Door:
    """The device behind a link."""

    def __init__(self, device: HostDevice) -> None:
        self.device = device
        self.taken = 0

    def push(self, data: bytes) -> bytes:
        self.taken += len(data)
        return self.device.receive(data)


@pytest.fixture(scope="module")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle)


@pytest.fixture(scope="module")
def new(image: bytes) -> bytes:
    return variant(image, 1)


@pytest.fixture(scope="module")
def make(bundle: Bundle) -> Callable[..., Door]:
    library = Library(build_core(bundle))

    def door(flash: Flash | None, **options: Any) -> Door:
        return Door(HostDevice(library, flash, **options))

    return door


@pytest.fixture
def flash(image: bytes) -> Flash:
    return Flash(SLOT_BYTES, [image])


@pytest.fixture
def door(make: Callable[..., Door], flash: Flash) -> Door:
    return make(flash)


def client(door: Door, session: int = 5) -> DeviceClient:
    return DeviceClient(MemoryLink(door), TIMING, session)


def bundle_of(image: bytes) -> str:
    return parse_image(image).bundle


def test_a_device_takes_another_bundle_and_keeps_it(make: Any, flash: Flash, door: Door, new: bytes) -> None:
    identity = send_update(client(door), new)
    assert (identity.bundle, identity.slot) == (bundle_of(new), 1)
    assert identity.acoustic_sha256 == parse_image(new).acoustic.sha256
    assert client(make(flash)).hello().bundle == bundle_of(new)


def test_a_bundle_is_sent_as_its_image(make: Any, bundle: Bundle, new: bytes) -> None:
    door = make(Flash(SLOT_BYTES, [new]))
    assert update_bundle(client(door), bundle).bundle == bundle.id


def test_a_simulated_device_gets_what_it_can_run(
    make: Any, bundle: Bundle, new: bytes, tmp_path: Path
) -> None:
    """Networks of the real compiler would not run here: the originals are sent."""
    from firmware_bridge.contract.bundle import write_bundle

    files = {name: (bundle.directory / name).read_bytes() for name in bundle.manifest.files}
    files["acoustic_edgetpu.tflite"] = b"what the compiler made"
    fields = bundle.manifest.model_dump(mode="json")
    fields["models"]["acoustic"]["compiled"] = "acoustic_edgetpu.tflite"
    both = write_bundle(tmp_path / "both", fields, files)
    identity = update_bundle(client(make(Flash(SLOT_BYTES, [new]))), both)
    assert identity.acoustic_sha256 == bundle.manifest.models["acoustic"].sha256


def test_segments_are_scored_by_the_new_networks(door: Door, image: bytes) -> None:
    """The mailbox was really given the other bytes: networks with swapped roles score otherwise."""
    talk, content = client(door), parse_image(image)
    pcm = np.random.default_rng(2).integers(-9000, 9000, 9000).astype(np.int16)
    before = talk.score_segment(pcm)
    model = bytearray(content.acoustic.model)
    weights = content.acoustic.inputs * content.acoustic.outputs
    at = _weights_at(bytes(model), weights)
    model[at : at + weights] = bytes(-value % 256 for value in model[at : at + weights])
    changed = write_image(
        replace(content, bundle="ab" * 32, acoustic=replace(content.acoustic, model=bytes(model)))
    )
    send_update(talk, changed)
    after = talk.score_segment(pcm)
    assert not np.array_equal(before.acoustic, after.acoustic)
    assert np.array_equal(before.keyword, after.keyword)


def _weights_at(model: bytes, count: int) -> int:
    """Return where the only buffer of this size begins: after its length."""
    return model.index(count.to_bytes(4, "little")) + 4


def test_what_came_is_not_sent_again(door: Door, new: bytes) -> None:
    """The host's program stops in the middle; its next call, in the same session, goes on there."""
    import hashlib

    talk = client(door)
    digest = np.frombuffer(hashlib.sha256(new).digest(), np.uint8)
    talk.hello()
    talk.ask(messages.UpdateBegin(bytes=len(new), sha256=digest))
    for at in range(0, len(new) - 2000, 960):
        talk.ask(messages.UpdateData(offset=at, data=np.frombuffer(new[at : at + 960], np.uint8)))
    before = door.taken
    assert send_update(talk, new).bundle == bundle_of(new)
    assert door.taken - before < 4000


def test_another_session_begins_anew(door: Door, flash: Flash, new: bytes) -> None:
    talk = client(door)

    def stop(event: Event) -> None:
        if event.kind is Kind.ADVANCED and event.items == 5:
            raise KeyboardInterrupt

    with listening(stop), pytest.raises(KeyboardInterrupt):
        send_update(talk, new)
    assert send_update(client(door, session=6), new).bundle == bundle_of(new)
    assert flash.wear[1] == 2


def test_a_device_that_was_reset_meanwhile_is_sent_all_again(door: Door, flash: Flash, new: bytes) -> None:
    talk, ask, count = client(door), DeviceClient.ask, 0

    def disturbed(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        nonlocal count
        count += isinstance(request, messages.UpdateData)
        if isinstance(request, messages.UpdateData) and count == 4:
            self.reset()
        return ask(self, request, *rest)

    talk.ask = disturbed.__get__(talk)  # type: ignore[method-assign]
    assert send_update(talk, new).bundle == bundle_of(new)
    assert flash.wear[1] == 2


def test_a_device_that_always_forgets_is_given_up(door: Door, new: bytes) -> None:
    talk, ask = client(door), DeviceClient.ask

    def disturbed(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        if isinstance(request, messages.UpdateData):
            self.reset()
        return ask(self, request, *rest)

    talk.ask = disturbed.__get__(talk)  # type: ignore[method-assign]
    with pytest.raises(UpdateLost, match="3 times") as caught:
        send_update(talk, new)
    assert caught.value.remedy


def test_progress_is_told(door: Door, new: bytes) -> None:
    ended = Ended()
    with listening(ended):
        send_update(client(door), new)
    pieces = -(-len(new) // 960)
    assert [(one.step, one.total, one.items) for one in ended.spans] == [
        ("sending the bundle", pieces, pieces)
    ]


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_line_does_not_matter(make: Any, image: bytes, new: bytes, seed: int) -> None:
    """Bytes are lost, changed, doubled and delayed: the update arrives, or a typed error is raised."""
    dice = random.Random(seed)
    faults = Faults(
        **{kind: dice.random() * 0.05 for kind in ("drop", "duplicate", "flip", "split", "noise")}
    )
    flash = Flash(SLOT_BYTES, [image])
    door = make(flash)
    link = FaultyLink(MemoryLink(door), faults, seed)
    try:
        got = send_update(DeviceClient(link, TIMING, session=seed), new).bundle
        assert got == bundle_of(new)
    except DeviceSilent:
        pass
    after = client(make(flash), session=99)
    assert after.hello().bundle in (bundle_of(image), bundle_of(new))
    assert send_update(after, new).bundle == bundle_of(new)
    assert flash.misuse == []


def test_a_process_killed_in_its_update_comes_back_with_the_old_bundle(
    bundle_path: Path, image: bytes, new: bytes, tmp_path: Path
) -> None:
    """Over a pseudo-terminal, its flash in a file: SIGKILL is as good as a cut of power."""
    arguments = ["--bundle", str(bundle_path), "--pty", "--flash", str(tmp_path / "flash")]
    command = [sys.executable, "-m", "firmware_bridge.ports.host", *arguments]

    def kill(event: Event) -> None:
        if event.kind is Kind.ADVANCED and event.items == 4:
            assert device._process is not None
            device._process.kill()
            device._process.wait(10)

    with HostProcess(command) as device, listening(kill), pytest.raises(DeviceError):
        send_update(DeviceClient(device.link(), Timing(reply_s=0.3, attempts=1)), new)
    with HostProcess(command) as device:
        talk = DeviceClient(device.link())
        assert talk.hello().bundle == bundle_of(image)
        assert send_update(talk, new).bundle == bundle_of(new)
    with HostProcess(command) as device:
        assert DeviceClient(device.link()).hello().bundle == bundle_of(new)


def test_a_lost_last_answer_is_made_up_for_by_hello(door: Door, new: bytes) -> None:
    talk, ask = client(door), DeviceClient.ask

    def lossy(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        reply = ask(self, request, *rest)
        if isinstance(request, messages.UpdateEnd):
            raise DeviceSilent("nothing came", "")
        return reply

    talk.ask = lossy.__get__(talk)  # type: ignore[method-assign]
    assert send_update(talk, new).bundle == bundle_of(new)


def refusal(talk: DeviceClient, image: bytes, kind: type[DeviceError]) -> DeviceError:
    """Assert that an update is refused in a certain way, and that the bundle before stays."""
    before = talk.hello().bundle
    with pytest.raises(kind) as caught:
        send_update(talk, image)
    assert caught.value.remedy
    assert talk.hello().bundle == before
    return caught.value


def test_device_without_flash(make: Any, flash: Flash, new: bytes) -> None:
    refusal(client(make(None)), new, NotUpdatable)
    refusal(client(make(flash, updatable=False)), new, NotUpdatable)


def test_bundle_for_another_frontend(door: Door, new: bytes) -> None:
    content = parse_image(new)
    error = refusal(client(door), write_image(replace(content, frontend="12" * 32)), WrongFrontend)
    assert "121212121212" in error.what
    assert door.taken < 1000, "known from hello: nothing is sent"


def test_bundle_for_other_windows(door: Door, new: bytes) -> None:
    content = parse_image(new)
    other = write_image(replace(content, window_samples=content.window_samples + 160))
    assert "other windows" in refusal(client(door), other, WrongFrontend).what


def test_image_larger_than_the_slot(door: Door, new: bytes) -> None:
    content = parse_image(new)
    wide = replace(content.keyword, model=content.keyword.model + bytes(SLOT_BYTES))
    error = refusal(client(door), write_image(replace(content, keyword=wide)), ImageTooLarge)
    assert f"a slot has {SLOT_BYTES}" in error.what


def test_arena_larger_than_the_device(make: Any, flash: Flash, new: bytes) -> None:
    content = parse_image(new)
    door = make(flash, arena_bytes=content.acoustic.arena_bytes)
    greedy = replace(content.acoustic, arena_bytes=content.acoustic.arena_bytes + 16)
    assert (
        "arenas" in refusal(client(door), write_image(replace(content, acoustic=greedy)), ImageTooLarge).what
    )


def test_network_that_does_not_run(door: Door, new: bytes) -> None:
    content = parse_image(new)
    rubbish = replace(content.acoustic, model=b"no network at all")
    refusal(client(door), write_image(replace(content, acoustic=rubbish)), NotRunnable)


def test_flash_that_does_not_work(
    door: Door, flash: Flash, new: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flash, "program", lambda *_: False)
    refusal(client(door), new, StorageFailed)


def test_flash_that_changes_what_it_is_given(
    door: Door, flash: Flash, new: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = flash.program

    def weak(area: int, offset: int, data: bytes) -> bool:
        return program(area, offset, bytes([data[0] ^ 1]) + data[1:])

    monkeypatch.setattr(flash, "program", weak)
    refusal(client(door), new, ImageRefused)


def test_a_damaged_image_is_not_sent(door: Door, new: bytes) -> None:
    with pytest.raises(BundleInvalid):
        send_update(client(door), new[:-1])
    assert door.taken == 0


def test_every_refusal_of_an_update_has_a_kind_and_a_remedy() -> None:
    kinds = [kind for kind, _ in REFUSALS.values()]
    assert len(set(kinds)) == len(kinds)
    assert all(issubclass(kind, UndertoneError) and remedy for kind, remedy in REFUSALS.values())
    known = {
        *REFUSALS,
        ErrorCode.NO_UPDATE,
        ErrorCode.OUT_OF_RANGE,
        ErrorCode.INCOMPLETE,
        ErrorCode.MALFORMED,
    }
    assert known <= set(TABLE.errors.values())


def test_refusals_that_nobody_expects_are_passed_on(door: Door, new: bytes) -> None:
    talk = client(door)

    def odd(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        raise DeviceRefused(ErrorCode.TOO_LONG, "what?")

    talk.ask = odd.__get__(talk)  # type: ignore[method-assign]
    with pytest.raises(DeviceRefused, match="what"):
        send_update(talk, new)


@pytest.mark.parametrize(("received", "calls"), [(0, 3), (1 << 20, 1)])
def test_a_device_that_counts_wrong_is_left(door: Door, new: bytes, received: int, calls: int) -> None:
    talk, ask, asked = client(door), DeviceClient.ask, 0

    def wrong(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        nonlocal asked
        reply = ask(self, request, *rest)
        if isinstance(request, messages.UpdateData):
            asked += 1
            return messages.UpdateAck(received=received)
        return reply

    talk.ask = wrong.__get__(talk)  # type: ignore[method-assign]
    with pytest.raises(UpdateLost, match=f"says that it has {received}"):
        send_update(talk, new)
    assert asked == calls


def test_a_device_that_keeps_the_old_bundle_is_noticed(door: Door, new: bytes) -> None:
    """It says that the update is done, and then answers with what it had."""
    talk, ask = client(door), DeviceClient.ask

    def lying(self: DeviceClient, request: messages.Request, *rest: Any) -> messages.Reply:
        if isinstance(request, messages.UpdateEnd):
            return messages.UpdateDone(slot=1, bundle=bundle_of(new))
        return ask(self, request, *rest)

    talk.ask = lying.__get__(talk)  # type: ignore[method-assign]
    with pytest.raises(UpdateLost, match="answers with"):
        send_update(talk, new)


def test_the_readable_device_cannot_be_updated(new: bytes) -> None:
    """The executable specification has no flash, and says so."""
    engine = LoopbackEngine()
    talk = DeviceClient(MemoryLink(DeviceServer(engine, engine.identity)), TIMING, session=1)
    with pytest.raises(NotUpdatable):
        send_update(talk, new)
