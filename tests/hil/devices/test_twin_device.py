"""The twin as a device under test: its own process, the same answers, and a reason when it stops."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceError, UnknownName
from firmware_bridge.base.evidence import Evidence
from firmware_bridge.base.toolchain import m7_compilers
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.protocol import messages
from firmware_bridge.reference.device import ReferenceDevice
from hil.client.client import DeviceClient
from hil.devices import open_device
from hil.devices.twin import TwinProcess
from hil.rig.run import Segment


@pytest.fixture(scope="module", autouse=True)
def _needs() -> None:
    pytest.importorskip("unicorn")
    if not m7_compilers():
        pytest.skip("no compiler for the Cortex-M7")


@pytest.fixture(scope="module")
def twin(bundle_path: Path) -> Iterator[TwinProcess]:
    device = open_device("twin", bundle_path)
    assert isinstance(device, TwinProcess)
    with device:
        yield device


def test_it_scores_as_the_reference(twin: TwinProcess, bundle: Bundle, segments: list[Segment]) -> None:
    client, reference = DeviceClient(twin.link()), ReferenceDevice(bundle)
    assert client.hello().evidence == "emulated"
    for one in segments[:3]:
        result, wanted = client.score_segment(one.pcm), reference.score_segment(one.pcm)
        for name in ("acoustic", "keyword", "fused"):
            assert np.array_equal(getattr(result, name), getattr(wanted, name)), name
        got, features = client.features(one.pcm), reference.segment_features(one.pcm)
        assert all(map(np.array_equal, got, features))
        assert 0 < result.ram_peak_bytes < 1_835_008


def test_it_says_what_it_is(twin: TwinProcess) -> None:
    assert twin.evidence is Evidence.EMULATED
    assert twin.keeps_time is False
    said = twin.describe()
    assert (said["device"], said["evidence"]) == ("twin", "emulated")
    assert "stand in for the Edge TPU" in said["stand_in"]


def test_why_it_stopped_is_what_the_user_reads(bundle_path: Path) -> None:
    with TwinProcess(bundle_path, ["--power-cut", "0"]) as device:
        client = DeviceClient(device.link())
        client.hello()
        with pytest.raises(DeviceError) as caught:
            client.ask(messages.UpdateBegin(bytes=9000, sha256=[0] * 32))
        assert "the twin ended: the power went during flash operation 0" in caught.value.what
        assert caught.value.remedy


def test_options_belong_to_the_program(bundle_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown device 'twin:fast'"):
        open_device("twin:fast", bundle_path)


def test_a_twin_that_cannot_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="no bundle at"), TwinProcess(tmp_path):
        raise AssertionError("it must not start")
