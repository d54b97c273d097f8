"""A good bundle and a spoilt one, compared once."""

from __future__ import annotations

import pytest

from hil.compare import Comparison
from tests.support.pairs import Pair, make_pair


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="session")
def worse(pair: Pair) -> Comparison:
    return pair.compared(pair.good, pair.spoilt)
