"""Each fault really strikes: a soak on a line that is secretly clean would prove nothing."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from hil.link.chaos import Faults, FaultyLink
from hil.link.link import LinkLost

BLOCK = bytes(range(1, 101))


class Pipe:
    """A link that remembers what was written and gives what it is told to."""

    bytes_per_second = 1000.0

    def __init__(self, *incoming: bytes) -> None:
        self.written: list[bytes] = []
        self.incoming = list(incoming)
        self.closed = self.purged = False

    def now(self) -> float:
        return time.monotonic()

    def write(self, data: bytes, deadline: float) -> None:
        self.written.append(data)

    def read(self, deadline: float) -> bytes:
        return self.incoming.pop(0) if self.incoming else b""

    def purge(self) -> None:
        self.purged = True

    def close(self) -> None:
        self.closed = True


def sent(faults: Faults, seed: int = 1, blocks: int = 1) -> bytes:
    pipe = Pipe()
    link = FaultyLink(pipe, faults, seed)
    for _ in range(blocks):
        link.write(BLOCK, 0)
    return b"".join(pipe.written)


def test_without_faults_nothing_changes() -> None:
    assert sent(Faults()) == BLOCK
    pipe = Pipe(BLOCK)
    link = FaultyLink(pipe, Faults(), 0)
    assert link.read(0) == BLOCK
    assert link.read(0) == b""
    link.purge()
    link.close()
    assert pipe.purged and pipe.closed


def test_drop_loses_a_stretch() -> None:
    for seed in range(20):
        assert 100 - 64 <= len(sent(Faults(drop=1), seed)) < 100


def test_flip_changes_one_bit() -> None:
    for seed in range(20):
        got = sent(Faults(flip=1), seed)
        assert sum(bin(a ^ b).count("1") for a, b in zip(got, BLOCK, strict=True)) == 1


def test_duplicate_sends_twice() -> None:
    assert sent(Faults(duplicate=1)) == BLOCK + BLOCK


def test_noise_comes_before() -> None:
    got = sent(Faults(noise=1))
    assert got.endswith(BLOCK)
    assert len(got) > 100


def test_split_delays_but_loses_nothing() -> None:
    assert 0 < len(sent(Faults(split=1))) < 100
    together = sent(Faults(split=1), blocks=50)
    assert (BLOCK * 50).startswith(together)
    assert len(together) > 4800


def test_stall_is_silence_for_its_time_and_then_the_data() -> None:
    link = FaultyLink(Pipe(BLOCK), Faults(stall=1, stall_s=0.6), 0)
    began = time.monotonic()
    assert link.read(began + 0.02) == b""
    assert time.monotonic() - began >= 0.02
    link._faults = Faults()
    assert link.read(began + 5) == BLOCK
    assert time.monotonic() - began >= 0.6


def test_unplugging_is_for_good() -> None:
    link = FaultyLink(Pipe(), Faults(unplug_after=2), 0)
    link.write(BLOCK, 0)
    link.write(BLOCK, 0)
    for _ in range(2):
        with pytest.raises(LinkLost):
            link.write(BLOCK, 0)


def test_the_seed_decides() -> None:
    faults = Faults(drop=0.5, flip=0.5, duplicate=0.5, noise=0.5, split=0.5)
    assert sent(faults, 3, 20) == sent(faults, 3, 20)
    assert sent(faults, 3, 20) != sent(faults, 4, 20)


def test_rates_are_probabilities() -> None:
    with pytest.raises(ValidationError):
        Faults(drop=1.5)
