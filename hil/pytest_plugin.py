"""Tests of one's own against a device: `pytest -p hil.pytest_plugin --dut host --bundle DIR`.

    def test_it_answers(dut):
        assert dut.hello().labels == 8

The same tests run against the stand-ins and the board: only the flag changes. Ours are in `tests/device`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.base.errors import UndertoneError
from hil.client.client import DeviceClient
from hil.devices import AVAILABLE, open_device


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dut` and `--bundle`."""
    group = parser.getgroup("undertone", "device under test")
    group.addoption("--dut", default="host", help=f"device under test: {', '.join(AVAILABLE)}")
    group.addoption("--bundle", type=Path, default=None, help="bundle that the device runs, or carries")


@pytest.fixture(scope="session")
def dut(request: pytest.FixtureRequest) -> Iterator[DeviceClient]:
    """A client of the device that `--dut` names, for the whole session."""
    name: str = request.config.getoption("--dut")
    bundle: Path | None = request.config.getoption("--bundle")
    if name in ("host", "twin") and bundle is None:
        pytest.fail(f"--dut {name} needs --bundle DIR", pytrace=False)
    try:
        device = open_device(name, bundle or Path())
        device.start()
    except UndertoneError as error:
        pytest.fail(f"{error.what}\nremedy: {error.remedy}", pytrace=False)
    try:
        yield DeviceClient(device.link())
    finally:
        device.stop()
