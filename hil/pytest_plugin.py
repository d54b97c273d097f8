"""Tests of one's own against a device: `pytest --dut host --bundle DIR`.

    def test_it_answers(dut):
        assert dut.hello().labels == 8

The same tests run against the stand-ins and the board: only the flag changes. Ours are in `tests/device`.

The plugin is an entry point (`pytest11`): it is loaded by every pytest in an environment where Undertone is installed,
so it imports nothing heavy until a test asks for a device.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hil.client.client import DeviceClient

DEFAULT = "host"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dut` and `--bundle`."""
    group = parser.getgroup("undertone", "device under test")
    group.addoption(
        "--dut", help=f"host, twin, or board:PORT; any that `undertone list devices` names [{DEFAULT}]"
    )
    group.addoption(
        "--bundle", type=Path, help="folder of the bundle that the device runs; a board has its own"
    )


@pytest.fixture(scope="session")
def dut(request: pytest.FixtureRequest) -> Iterator[DeviceClient]:
    """A client of the device that `--dut` names, for the whole session."""
    from firmware_bridge.base.errors import UndertoneError
    from hil.client.client import DeviceClient
    from hil.devices import open_device

    bundle: Path | None = request.config.getoption("--bundle")
    try:
        device = open_device(request.config.getoption("--dut") or DEFAULT, bundle)
        device.start()
    except UndertoneError as error:
        pytest.fail(f"{error.what}\nremedy: {error.remedy}", pytrace=False)
    try:
        yield DeviceClient(device.link())
    finally:
        device.stop()
