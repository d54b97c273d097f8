"""Firmware for the tiny bundle, built by every compiler there is; twins that run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.toolchain import Compiler, m7_compilers
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.sources import CORE, write_sources
from firmware_bridge.ports.twin.build import (
    BOARD_SOURCES,
    HERE,
    Firmware,
    build_twin,
    link,
)
from firmware_bridge.ports.twin.device import Twin
from tests.support.twin_talk import SLOT_BYTES

PLANTED = Path(__file__).parent / "planted.c"


@pytest.fixture(scope="session", params=["arm-none-eabi-gcc", "ziglang"])
def compiler(request: pytest.FixtureRequest) -> Compiler:
    pytest.importorskip("unicorn")
    found = {one.name: one for one in m7_compilers()}
    if request.param not in found:
        pytest.skip(f"{request.param} is not installed")
    return found[request.param]


@pytest.fixture(scope="session")
def firmware(bundle: Bundle, compiler: Compiler) -> Firmware:
    return build_twin(bundle.directory, compiler=compiler)


@pytest.fixture(scope="session")
def planted(bundle: Bundle, compiler: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    folder = tmp_path_factory.mktemp("planted")
    made = write_sources(bundle.manifest, folder)
    own = [PLANTED, CORE / "crash.c", CORE / "crc32.c", *(HERE / name for name in BOARD_SOURCES)]
    return link(own, [CORE, made], compiler=compiler)


@pytest.fixture(scope="session")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle, compiled=False)


@pytest.fixture
def boot(firmware: Firmware, image: bytes) -> Callable[..., Twin]:
    """Return a function that switches a twin on."""

    def start(flash: Flash | None = None, **options: Any) -> Twin:
        twin = Twin(firmware, flash or Flash(SLOT_BYTES, [image]), **options)
        twin.boot()
        return twin

    return start
