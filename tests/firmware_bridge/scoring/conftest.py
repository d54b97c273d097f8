"""Pairs of devices, each made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.device import ReferenceDevice
from tests.support.scoring.bench import Pair, pair_of
from tests.support.scoring.setups import SETUPS, bundle_of, reference_of


@pytest.fixture(scope="session")
def pairs(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Pair]]:
    """The pair of a setup by name, made once; `tiny` is the bundle with real networks."""
    made: dict[str, Pair] = {}

    def get(name: str) -> Pair:
        if name not in made:
            folder = tmp_path_factory.mktemp("bench")
            own = bundle if name == "tiny" else bundle_of(SETUPS[name], bundle, folder / "bundle")
            reference = ReferenceDevice(own) if name == "tiny" else reference_of(own)
            made[name] = pair_of(own, reference, folder / "made")
        return made[name]

    yield get
    for pair in made.values():
        for bench in pair.closing:
            bench.close()


@pytest.fixture
def pair(pairs: Callable[[str], Pair]) -> Pair:
    """The cheapest pair with a front-end that remembers."""
    return pairs("micro_speech")
