"""The device that the suite runs against: `--dut NAME`, or every one that needs no hardware."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.contract.bundle import Bundle, load_bundle, write_bundle
from firmware_bridge.reference.device import ReferenceDevice
from hil.devices import open_device
from hil.devices.base import Device
from tests.support.tiny_bundle import make_manifest

EVERYWHERE = ("host", "twin")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames:
        named = metafunc.config.getoption("--dut")
        metafunc.parametrize("device", [named] if named else EVERYWHERE, indirect=True, scope="session")


@pytest.fixture(scope="session")
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The bundle of `--bundle`, which a board must carry as well; else the tiny one."""
    given: Path | None = request.config.getoption("--bundle")
    return (
        load_bundle(given)
        if given
        else write_bundle(tmp_path_factory.mktemp("bundle") / "tiny", *make_manifest())
    )


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest, bundle: Bundle) -> Iterator[Device]:
    """The device under test, started."""
    try:
        started = open_device(request.param, bundle.directory)
        started.start()
    except UndertoneError as error:
        pytest.fail(f"{error.what}\nremedy: {error.remedy}", pytrace=False)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def reference(bundle: Bundle) -> ReferenceDevice:
    """The laptop's own arithmetic: NumPy, reference kernels, the fusion head."""
    return ReferenceDevice(bundle)


@pytest.fixture(scope="session")
def segments(reference: ReferenceDevice) -> dict[str, NDArray[np.int16]]:
    """Segments of every kind, in windows of the bundle: short, exact, long, silent, as loud as can be."""
    window, hop = reference.windowing.window_samples, reference.windowing.hop_samples
    dice = np.random.default_rng(20251120)
    time = np.arange(window + 3 * hop + 77) / 16000
    sweep = np.sin(2 * np.pi * (100 + 800 * time / time[-1]) * time) * np.linspace(300, 20000, len(time))
    return {
        "one sample": np.array([-32768], np.int16),
        "shorter than a window": dice.integers(-3000, 3000, window // 3).astype(np.int16),
        "exactly a window": dice.integers(-32768, 32768, window).astype(np.int16),
        "four windows and a rest": sweep.astype(np.int16),
        "silence": np.zeros(window + hop, np.int16),
        "squares at full scale": np.where(np.arange(window) // 40 % 2, 32767, -32768).astype(np.int16),
    }
