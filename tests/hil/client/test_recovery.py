"""A run that meets restarts of its device: on the twin with a failing Edge TPU, and on the host device behind TCP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.ports.host.device import HostDevice
from firmware_bridge.protocol import TABLE
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.engine import bundle_identity
from hil.budgets import load_budgets
from hil.chip.stages import describe_chip
from hil.client.client import DeviceClient, DeviceIdentity
from hil.client.health import health_lines
from hil.client.recovery import AnotherDevice, DeviceGone, Recovery
from hil.devices.board import Board
from hil.devices.twin import TwinProcess
from hil.link import ports
from hil.link.memory_link import MemoryLink
from hil.rig.observations import Observations, Segment
from hil.rig.rerecord import CHANNELS, through
from hil.rig.run import run_hil
from hil.rig.stream import observe


class Restarting:
    """A host device behind TCP that, told so, forgets everything and its connection, as the board does."""

    def __init__(self, bundle: Bundle, starts: list[int]) -> None:
        """`starts`: bytes after which each start ends; after the last one it stays, or is gone where that says 0."""
        self._bundle, self._starts = bundle, list(starts)
        HostDevice.of_bundle(bundle)  # compiled now, so that later starts are quick
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            most = self._starts.pop(0) if self._starts else 1 << 40
            if most == 0:
                self._server.close()
                peer.close()
                return
            device, taken = HostDevice.of_bundle(self._bundle), 0
            with peer:
                while taken < most and (data := peer.recv(4096)):
                    taken += len(data)
                    peer.sendall(device.receive(data))


def seen_by(device: Any, bundle: Bundle, segments: list[Segment]) -> Observations:
    identity = bundle_identity(bundle)
    chip = describe_chip(bundle, identity.frames, identity.channels)
    with device:
        return observe(device, bundle, segments, through(CHANNELS["clean"]), chip)


def scores_are_the_reference_s(seen: Observations, bundle: Bundle, segments: list[Segment]) -> None:
    reference = ReferenceDevice(bundle)
    by_name = {one.name: one for one in segments}
    assert seen.scores_lsb.max() == 0
    for name, fused in zip(seen.names, seen.fused, strict=True):
        assert np.array_equal(fused, reference.score_segment(by_name[name].pcm).fused)


@pytest.fixture
def served() -> Iterator[list[Restarting]]:
    all_: list[Restarting] = []
    yield all_
    for one in all_:
        one.close()


def test_the_run_goes_on_where_it_stopped(
    bundle: Bundle, segments: list[Segment], served: list[Restarting]
) -> None:
    served.append(Restarting(bundle, [60_000, 90_000]))
    seen = seen_by(Board(served[0].url), bundle, segments)
    assert served[0].connections == 3
    assert seen.names == tuple(one.name for one in segments) and seen.left_out == ()
    assert len(seen.incidents) == 2 and all("the device is back" in one for one in seen.incidents)
    scores_are_the_reference_s(seen, bundle, segments)


def test_a_device_that_stays_away_leaves_a_partial_report(
    bundle: Bundle,
    segments: list[Segment],
    served: list[Restarting],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(Recovery.__init__, "__defaults__", (None, 0.5))
    monkeypatch.setattr(Board, "pause", lambda self, seconds: None)
    served.append(Restarting(bundle, [60_000, 0]))
    report = run_hil(Board(served[0].url), bundle, segments, CHANNELS["clean"], load_budgets(), tmp_path)
    done, left = len(report.seen.names), len(report.seen.left_out)
    assert done >= 1 and left >= 1 and done + left == len(segments)
    assert report.seen.left_out[0] == segments[done].name
    assert not report.passed
    assert report.as_dict()["verdict"] in ("partial", "broken")
    assert any(note.startswith(f"PARTIAL: {left} of {len(segments)} segments") for note in report.notes)
    assert any("did not come back" in note for note in report.notes)


def test_another_device_in_its_place_is_refused(
    bundle: Bundle, segments: list[Segment], served: list[Restarting], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = DeviceClient.hello
    served.append(Restarting(bundle, [60_000]))

    def hello(self: DeviceClient) -> DeviceIdentity:
        found = real(self)
        return replace(found, bundle="f" * 64) if served[0].connections > 1 else found

    monkeypatch.setattr(DeviceClient, "hello", hello)
    with pytest.raises(AnotherDevice, match="bundle ffffffffffff answers"):
        seen_by(Board(served[0].url), bundle, segments)


def test_nothing_scored_at_all_is_an_error(
    bundle: Bundle, segments: list[Segment], served: list[Restarting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recovery.__init__, "__defaults__", (None, 0.5))
    monkeypatch.setattr(Board, "pause", lambda self, seconds: None)
    served.append(Restarting(bundle, [4_000, 0]))
    with pytest.raises(DeviceGone, match="did not come back"):
        seen_by(Board(served[0].url), bundle, segments)


@pytest.fixture
def twin_program() -> None:
    pytest.importorskip("unicorn")
    from firmware_bridge.base.toolchain import m7_compilers

    if not m7_compilers():
        pytest.skip("no compiler for the Cortex-M7")


class TcpTwin(TwinProcess):
    """The twin over TCP, whose connection does not outlive a restart, and the board's way to it."""

    def __init__(self, bundle: Path, options: list[str]) -> None:
        super().__init__(bundle, options)
        self._command = [word if word != "--pty" else "--tcp=0" for word in self._command]
        self._board: Board | None = None

    def start(self) -> None:
        super().start()
        assert self._link is not None
        self._link.close()  # one host at a time
        self._board = Board(self._path)
        self._board.start()

    def link(self) -> Any:
        assert self._board is not None
        return self._board.link()

    def relink(self) -> Any:
        assert self._board is not None
        return self._board.relink()

    def stop(self) -> None:
        if self._board is not None:
            self._board.stop()
        super().stop()


@pytest.mark.usefixtures("twin_program")
@pytest.mark.parametrize("kind", [TwinProcess, TcpTwin])
def test_a_twin_with_a_failing_tpu_is_scored_to_the_end(
    kind: Any, bundle: Bundle, segments: list[Segment], tmp_path: Path
) -> None:
    trouble = ["--tpu", "3:failed", "--tpu", "9:hangs", "--tpu", "15:gone"]
    device = kind(bundle.directory, trouble)
    report = run_hil(device, bundle, segments, CHANNELS["clean"], load_budgets(), tmp_path)
    seen = report.seen
    assert seen.left_out == () and len(seen.incidents) >= 2
    assert any("(tpu, restart" in one or "(watchdog, restart" in one for one in seen.incidents)
    assert seen.scores_lsb.max() == 0
    assert any("The device last started (tpu)" in line for line in seen.health)
    assert any("The device keeps evidence of a crash" in line for line in seen.health)
    assert sum(note.startswith("The device was lost") for note in report.notes) == len(seen.incidents)


@pytest.mark.usefixtures("twin_program")
def test_a_missing_tpu_is_named_with_its_remedy(bundle: Bundle, segments: list[Segment]) -> None:
    with pytest.raises(DeviceError, match="the Edge TPU did not come up") as caught:
        seen_by(TwinProcess(bundle.directory, ["--tpu", "absent:0"]), bundle, segments)
    assert "take the power away" in caught.value.remedy


class Pushed:
    """A host device in memory."""

    def __init__(self, bundle: Bundle) -> None:
        self._device = HostDevice.of_bundle(bundle)

    def push(self, data: bytes) -> bytes:
        return self._device.receive(data)


@pytest.mark.parametrize(
    ("reason", "troubles", "said"),
    [
        ("power", "", None),
        ("host", "", None),
        ("tpu", "", "a run on the Edge TPU failed"),
        ("watchdog", "crash_kept", "undertone monitor --crash"),
        ("fault", "crash_kept", "met a fault"),
        ("networks", "", "none needed"),
        ("power", "tpu_missing", "take the power away"),
        ("host", "crash_kept", "keeps evidence of a crash"),
    ],
)
def test_each_start_and_each_trouble_has_one_line_with_its_remedy(
    bundle: Bundle, reason: str, troubles: str, said: str | None
) -> None:
    told = {"reset_reason": TABLE.reset_reasons[reason], "troubles": TABLE.troubles.get(troubles, 0)}
    client = DeviceClient(MemoryLink(Pushed(bundle)))
    found = replace(client.hello(), **told)
    lines = health_lines(found, replace(client.stats(), restarts=2, tpu_failures=0))
    assert len(lines) == (said is not None)
    assert said is None or said in lines[0]


def test_a_port_is_found_again_by_its_serial_number(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port:
        def __init__(self, device: str, serial_number: str | None) -> None:
            self.device, self.serial_number = device, serial_number

    there = [Port("/dev/ttyS0", None), Port("/dev/ttyACM0", "24CD")]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: there)
    assert ports.serial_number("/dev/ttyACM0") == "24CD"
    assert ports.serial_number("/dev/ttyS0") == ports.serial_number("socket://x:1") == ""
    there[1] = Port("/dev/ttyACM1", "24CD")
    assert ports.port_of("24CD", "/dev/ttyACM0") == "/dev/ttyACM1"
    assert ports.port_of("", "/dev/ttyS0") == "/dev/ttyS0"
    assert ports.port_of("99", "/dev/ttyACM0") == "/dev/ttyACM0"
