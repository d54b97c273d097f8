"""The power goes at every flash operation of an update; afterwards the device must be whole.

`undertone endure powercut` cuts it at each of them, in several ways of leaving an operation half done, and
says how many of how many cuts were survived: after each the old or the new bundle answers `hello`, never a
mixture, and an update that is not disturbed succeeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from firmware_bridge.base.errors import DeviceError, UnknownName
from firmware_bridge.base.progress import track
from firmware_bridge.contract.bundle import load_bundle
from firmware_bridge.contract.image import Image, build_image, parse_image, write_image
from firmware_bridge.ports.flash import Cut, Flash
from firmware_bridge.ports.host.device import SLOT_BYTES, HostDevice
from hil.client.client import DeviceClient
from hil.client.update import send_update
from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing

TITLE = "cutting the power"
# Around the record a torn operation decides between two bundles: those are torn in more ways.
DECISIVE, MORE_SEEDS = 2, 8
# Updates before the one that is cut: flash then has no record yet, one, both.
EARLIER = (0, 1, 2)
# A device without power does not answer: asking it again costs time and changes nothing.
_TIMING = Timing(attempts=1)


class Machine(Protocol):
    """A device that was started."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the host; return the bytes to send back."""


Starter = Callable[[Flash], Machine]


class Broken(Exception):
    """A device that is not whole after a cut."""


@dataclass(frozen=True)
class Case:
    """Cuts, one after the other; the device starts anew after each.

    Attributes:
        earlier: Updates before.
        cuts: The power goes in as many updates, each to the same new bundle.
    """

    earlier: int
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Summary:
    """What became of all cases.

    Attributes:
        cases: How many there were.
        operations: Flash operations of one update.
        old: Cuts after which the old bundle answered.
        new: Cuts after which the new one did.
        failures: What was wrong, for each case that failed.
    """

    cases: int
    operations: int
    old: int
    new: int
    failures: tuple[str, ...]

    def __str__(self) -> str:
        survived = self.cases - len(self.failures)
        return (
            f"{survived} of {self.cases} survived; {self.operations} flash operations an update; after "
            f"{self.old} cuts the old bundle answered, after {self.new} the new one"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as JSON-ready data."""
        return {**asdict(self), "survived": self.cases - len(self.failures)}


def host_starter(bundle: Path) -> Starter:
    """Return what starts the core in this process, for a bundle's front-end."""
    from functools import lru_cache

    from firmware_bridge.ports.host.build import build_core
    from firmware_bridge.ports.host.library import Library
    from firmware_bridge.reference.simulated_tpu import Int8Network

    library, network = Library(build_core(load_bundle(bundle))), lru_cache(maxsize=16)(Int8Network)
    return lambda flash: HostDevice(library, flash, network=network)


def twin_starter(bundle: Path) -> Starter:
    """Return what starts the twin, built for a bundle's front-end."""
    from firmware_bridge.ports.twin.build import build_twin
    from firmware_bridge.ports.twin.device import Twin

    firmware = build_twin(bundle)

    def start(flash: Flash) -> Twin:
        twin = Twin(firmware, flash)
        twin.boot()
        return twin

    return start


STARTERS: dict[str, Callable[[Path], Starter]] = {"host": host_starter, "twin": twin_starter}


def starter(name: str, bundle: Path) -> Starter:
    """Return what starts the device called `name`.

    Raises:
        UnknownName: No such device has a flash whose power can be cut.
    """
    if name not in STARTERS:
        raise UnknownName("device for power cuts", name, STARTERS)
    return STARTERS[name](bundle)


def variant(image: bytes, number: int) -> bytes:
    """Return the image of another bundle that runs as well: its id and both networks differ."""
    content = parse_image(image)
    # A .tflite is read from its front: zeros behind it change its hash and nothing else.
    longer = [replace(network, model=network.model + bytes(16 * number)) for network in content.networks]
    other = hashlib.sha256(f"{content.bundle} {number}".encode()).hexdigest()
    return write_image(replace(content, bundle=other, acoustic=longer[0], keyword=longer[1]))


def sweep(start: Starter, image: bytes, slot_bytes: int, seeds: int = 3, every: int = 1) -> Summary:
    """Cut the power at the flash operations of an update.

    Args:
        start: Starts the device on a flash.
        image: What it runs at first.
        slot_bytes: Size of a slot of its flash.
        seeds: In how many ways each operation is left half done; the two of the record in eight times as many.
            After all but the first the power goes once more, somewhere in the next attempt.
        every: Leave out all but each `every`-th operation; the first and the last three are always cut.

    Raises:
        DeviceError: The device cannot be updated even with its power on.
    """
    bench = _Bench(start, image, slot_bytes)
    count = bench.operations
    places = [at for at in range(count) if at % every == 0 or at >= count - 3]
    cases = [
        Case(earlier, (Cut(at, seed), *_more_cuts(count, at, seed)))
        for earlier in EARLIER
        for at in places
        for seed in range(seeds * MORE_SEEDS if at >= count - DECISIVE else seeds)
    ]
    return bench.summary(track(cases, TITLE))


def _more_cuts(count: int, at: int, seed: int) -> tuple[Cut, ...]:
    if seed == 0:
        return ()
    return (Cut(int(np.random.default_rng((at, seed)).integers(count)), seed),)


class _Bench:
    """A device, its flash in each of the states to begin with, and the bundles."""

    def __init__(self, start: Starter, image: bytes, slot_bytes: int) -> None:
        self._start = start
        self._old, self._new = image, variant(image, 1)
        self._names = {_seen_of(parse_image(each)): each for each in (self._old, self._new)}
        self._flash = Flash(slot_bytes)
        self._states = [self._state(earlier) for earlier in EARLIER]
        self._flash.restore(self._states[0])
        self.operations = self._update(self._new)

    def _state(self, updates: int) -> tuple[bytes, ...]:
        """Return a flash after so many updates whose last made the device run the old bundle."""
        other = variant(self._old, 2)
        images = [other if (updates - done) % 2 else self._old for done in range(updates + 1)]
        self._flash.restore(Flash(len(self._flash.content(0)), images[:1]).snapshot())
        for each in images[1:]:
            self._update(each)
        return self._flash.snapshot()

    def _client(self, cut: Cut | None = None) -> DeviceClient:
        """Switch the power on; return who talks to the device."""
        self._flash.power_on(cut)
        return DeviceClient(MemoryLink(_Powered(self._start(self._flash), self._flash)), _TIMING, session=1)

    def _update(self, image: bytes) -> int:
        """Update with the power on; return the flash operations that it took."""
        send_update(self._client(), image, quietly=True)
        return self._flash.operations

    def _answering(self) -> bytes:
        """Switch the power on; return the image of the bundle that answers."""
        identity = self._client().hello()
        seen = identity.bundle, identity.acoustic_sha256, identity.keyword_sha256
        if seen not in self._names:
            raise Broken(f"neither bundle answers, but {[part[:8] for part in seen]}, slot {identity.slot}")
        return self._names[seen]

    def summary(self, cases: Iterable[Case]) -> Summary:
        """Run all cases."""
        count, answers, failures = 0, [], []
        for case in cases:
            count += 1
            try:
                answers += self._run(case)
            except (Broken, DeviceError) as error:
                failures.append(f"{case}: {error}")
        new = sum(answer is self._new for answer in answers)
        return Summary(count, self.operations, len(answers) - new, new, tuple(failures))

    def _run(self, case: Case) -> list[bytes]:
        """Run one case; return which image answered after each cut."""
        self._flash.restore(self._states[EARLIER.index(case.earlier)])
        answers = [self._old]
        for cut in case.cuts:
            try:
                send_update(self._client(cut), self._new, quietly=True)
            except DeviceError as error:
                if not self._flash.off:
                    raise Broken(f"an update failed before the power went: {error}") from error
            if not self._flash.off:
                raise Broken("an update ended before the power went")
            answers.append(self._answering())
            # Only the last operation, the record's, enables: before it the bundle must be the one before.
            if cut.at < self.operations - 1 and answers[-1] is not answers[-2]:
                raise Broken("the new bundle was enabled too early")
        self._update(self._new)
        if self._answering() is not self._new:
            raise Broken("after a whole update the old bundle answers")
        if self._flash.misuse:
            raise Broken(f"flash was used wrongly: {self._flash.misuse.pop()}")
        return answers[1:]


class _Powered:
    """A device whose answers end with its power, whatever its program still does in our process."""

    def __init__(self, machine: Machine, flash: Flash) -> None:
        self._machine, self._flash = machine, flash

    def push(self, data: bytes) -> bytes:
        """Take bytes; return what comes back."""
        if self._flash.off:
            return b""
        answer = self._machine.receive(data)
        return b"" if self._flash.off else answer


def _seen_of(content: Image) -> tuple[str, str, str]:
    return content.bundle, content.acoustic.sha256, content.keyword.sha256


def sweep_bundle(device: str, bundle: Path, seeds: int = 3, every: int = 1) -> Summary:
    """Cut the power at the flash operations of an update of a bundle's device.

    Args:
        device: One of `STARTERS`.
        bundle: Directory of the bundle.
        seeds: As `sweep` has it.
        every: As `sweep` has it.

    Raises:
        UnknownName: No such device.
        BundleInvalid: The bundle is damaged.
        DeviceError: The device cannot be updated even with its power on.
    """
    image = build_image(load_bundle(bundle), compiled=False)
    return sweep(starter(device, bundle), image, SLOT_BYTES, seeds, every)
