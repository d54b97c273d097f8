from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.microfrontend import PRESETS, FrontendSpec, MicroFrontend, preset
from firmware_bridge.microfrontend.audio import checked_pcm
from firmware_bridge.microfrontend.emit import core_arrays, core_integers, log_pieces, pcan_pieces
from firmware_bridge.microfrontend.frontend import _shares
from firmware_bridge.microfrontend.native import Core, NativeStream, NativeTables, load_core
from firmware_bridge.microfrontend.tables import make_tables

Signals = dict[str, NDArray[np.int16]]


def test_the_backend_is_told() -> None:
    assert MicroFrontend(preset("yamnet"), "native").backend == "native"
    assert MicroFrontend(preset("yamnet"), "reference").backend == "reference"
    assert MicroFrontend(preset("yamnet")).spec == preset("yamnet")


def test_one_front_end_serves_many_threads(signals: Signals) -> None:
    frontend = MicroFrontend(preset("default"))
    expected = {name: frontend.process(pcm) for name, pcm in signals.items()}
    wrong: list[str] = []

    def work() -> None:
        for name, pcm in signals.items():
            if not np.array_equal(frontend.process(pcm), expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_states_are_used_again(signals: Signals) -> None:
    frontend = MicroFrontend(preset("default"), "native")
    for _ in range(5):
        frontend.process(signals["bursts"])
    assert len(frontend._idle) == 1


def test_a_batch_uses_as_many_states_as_threads_once(signals: Signals) -> None:
    frontend = MicroFrontend(preset("default"), "native")
    for _ in range(3):
        frontend.process_batch([signals["bursts"]] * 40, threads=2)
    assert 1 <= len(frontend._idle) <= 2


@pytest.mark.parametrize("threads", [1, 2, 3, 16])
@pytest.mark.parametrize(
    "counts", [[98] * 600, [0], [0, 0, 0], [5], [1000, 1, 1], [0, 7, 0], list(range(50))]
)
def test_shares_cover_every_clip_once(threads: int, counts: list[int]) -> None:
    shares = list(_shares(np.cumsum(counts), threads))
    clips = [clip for first, last in shares for clip in range(first, last)]
    assert clips == list(range(len(counts)))
    assert all(last > first for first, last in shares)


def test_shares_shrink_so_that_no_thread_waits() -> None:
    assert list(_shares(np.arange(1, 601), 1)) == [(0, 600)]
    sizes = [last - first for first, last in _shares(np.arange(1, 601), 2)]
    assert sizes[0] == pytest.approx(600 / 4, abs=1)
    assert sizes[1] == pytest.approx(450 / 4, abs=1)
    assert sizes[-1] <= 2


def test_samples_as_they_should_be_pass_as_they_are() -> None:
    pcm = np.arange(100, dtype=np.int16)
    assert checked_pcm(pcm) is pcm
    assert checked_pcm(pcm[3:]).base is pcm
    assert checked_pcm(pcm[::2]).flags.c_contiguous
    assert type(checked_pcm(pcm.view(np.recarray))) is not np.recarray


def test_features_are_owned_by_the_caller(signals: Signals) -> None:
    frontend = MicroFrontend(preset("default"))
    first = frontend.process(signals["bursts"])
    kept = first.copy()
    frontend.process(signals["full-scale noise"])
    assert np.array_equal(first, kept)
    first[0, 0] = 7


def test_the_input_is_not_touched(signals: Signals) -> None:
    pcm = signals["full-scale noise"].copy()
    for spec in PRESETS.values():
        MicroFrontend(spec).process(pcm)
    assert np.array_equal(pcm, signals["full-scale noise"])


@pytest.fixture
def core() -> Core:
    return load_core()


def test_the_core_knows_how_many_frames_will_come(core: Core) -> None:
    spec = preset("yamnet")
    stream = NativeStream(core, spec, NativeTables(core, spec))
    total = 0
    for chunk in (100, 299, 1, 160, 161, 5000, 3):
        total += chunk
        stream.push(np.zeros(chunk, dtype=np.int16))
        assert core.lib.ut_frames_ready(stream._tables.struct, stream._state, 0) == 0
    ready = core.lib.ut_frames_ready(stream._tables.struct, stream._state, 16000)
    assert ready == spec.frames(total + 16000) - spec.frames(total)


def test_the_cores_size_is_told(core: Core) -> None:
    assert core.lanes in (1, 4, 8, 16)
    assert core.state_bytes > 4096 * 4
    assert core.path.exists()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_cores_view_of_the_tables(name: str) -> None:
    spec, tables = preset(name), make_tables(preset(name))
    integers, arrays = core_integers(spec), core_arrays(spec)
    assert integers["step"] == spec.step_samples
    assert (integers["pcan_snr_shift"] >= 0) == (spec.pcan is not None)
    assert (integers["noise_bits"] >= 0) == (spec.noise_reduction is not None)
    assert {str(a.dtype) for a in arrays.values()} <= {"int16", "uint16", "uint32"}
    low, rise = arrays["log_pieces"] & 0xFFFF, arrays["log_pieces"].astype(np.int32) >> 16
    assert np.array_equal(low, tables.log[:-1])
    assert np.array_equal(low.astype(int) + rise, tables.log[1:])


def test_pieces_of_the_gain() -> None:
    table = make_tables(FrontendSpec()).pcan_gain
    pieces = pcan_pieces(table).reshape(33, 2)
    starts = (pieces[:, 0] & 0xFFFF).astype(np.int16)
    slopes = pieces[:, 0].astype(np.int32) >> 16
    assert starts[:2].tolist() == table[:2].tolist()
    assert not slopes[:2].any()
    assert np.array_equal(starts[2:], table[2::4])
    assert np.array_equal(slopes[2:], table[3::4])
    assert np.array_equal(pieces[2:, 1].astype(np.int32), table[4::4])
    assert pcan_pieces(np.zeros(0, np.int16)).size == 0
    assert log_pieces(make_tables(FrontendSpec()).log).size == 128


def test_all_stages_off_gives_linear_amplitudes(signals: Signals) -> None:
    spec = FrontendSpec(noise_reduction=None, pcan=None, log=None)
    linear = MicroFrontend(spec).process(signals["triangle"])
    logged = MicroFrontend(spec.model_copy(update={"log": PRESETS["default"].log})).process(
        signals["triangle"]
    )
    loud = (linear > 30) & (linear < 65535)
    expected = 64 * np.log(linear[loud] * 8.0)
    assert np.abs(logged[loud] - expected).max() < 2


def test_a_failure_in_any_thread_is_a_failure_of_the_batch(
    signals: Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, batch, failed = threading.get_ident(), NativeStream.batch, threading.Event()

    def fails_elsewhere(self: NativeStream, *arguments: Any) -> None:
        if threading.get_ident() != main:
            failed.set()
            raise MemoryError("none left")
        assert failed.wait(10)  # the other thread gets a share
        batch(self, *arguments)

    monkeypatch.setattr(NativeStream, "batch", fails_elsewhere)
    with pytest.raises(MemoryError, match="none left"):
        MicroFrontend(preset("yamnet"), "native").process_batch([signals["bursts"]] * 200, threads=2)
