"""SHA-256 in C against hashlib."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st


def test_all_short_lengths(core: Any, rng: np.random.Generator) -> None:
    data = rng.bytes(300)
    for count in range(301):
        assert core.sha256(data[:count]) == hashlib.sha256(data[:count]).digest(), count


@pytest.mark.parametrize("size", [1, 7, 55, 56, 63, 64, 65, 128, 960])
def test_any_chunk_size_gives_the_same(core: Any, rng: np.random.Generator, size: int) -> None:
    data = rng.bytes(2000)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert core.sha256(*pieces) == hashlib.sha256(data).digest()


@given(st.lists(st.binary(max_size=200), max_size=12))
def test_any_chunks_give_the_same(core: Any, pieces: list[bytes]) -> None:
    assert core.sha256(*pieces) == hashlib.sha256(b"".join(pieces)).digest()


def test_the_length_is_counted_in_64_bits(core: Any) -> None:
    """The count is of bytes, the padding's of bits: more than 2^29 bytes must not lose its upper half."""
    sha, digest = core.ffi.new("ut_sha256 *"), core.ffi.new("uint8_t[32]")
    core.lib.ut_sha256_start(sha)
    sha.count = 1 << 32  # as after 4 GiB whose state happens to be the first
    core.lib.ut_sha256_end(sha, digest)
    other, second = core.ffi.new("ut_sha256 *"), core.ffi.new("uint8_t[32]")
    core.lib.ut_sha256_start(other)
    core.lib.ut_sha256_end(other, second)
    assert bytes(digest) != bytes(second)
