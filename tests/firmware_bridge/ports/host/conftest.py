"""The core's library for the tiny bundle."""

from __future__ import annotations

import pytest

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.host.build import build_core
from firmware_bridge.ports.host.library import Library


@pytest.fixture(scope="session")
def library(bundle: Bundle) -> Library:
    return Library(build_core(bundle))
