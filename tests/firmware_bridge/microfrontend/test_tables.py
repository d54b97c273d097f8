from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from firmware_bridge.microfrontend import FrontendSpec, Pcan, preset
from firmware_bridge.microfrontend.fft import input_order, radices, real_fft
from firmware_bridge.microfrontend.libm import log1pf
from firmware_bridge.microfrontend.mel import hz_to_mel, mel_segments
from firmware_bridge.microfrontend.tables import hann_window, log2_error_table, make_tables, pcan_gain_table

# Table hashes are part of a bundle's identity: a change here makes every bundle and firmware incompatible.
FROZEN = {
    "yamnet": "9253563f03384adc1ca302a60a7b221edd2cc5cbefac20a8c341b6aace2f92e7",
    "default": "e81ea3ad38efa3ac53936e31aecdf7f047aa73ca13d7c15384ac82bfedc57e57",
    "voice": "0bdb62af2e904c8a7eb10193adf5a5c36f19f1f6c6bcfd9977a2700ae89de549",
}


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_table_hashes_do_not_change(name: str) -> None:
    assert preset(name).table_hash == FROZEN[name]


def test_the_precisions_differ_where_the_stock_libraries_do() -> None:
    double, single, mixed = (make_tables(FrontendSpec(tables=t)) for t in ("double", "float", "mixed"))
    assert np.flatnonzero(double.window != single.window).tolist() == [17]
    assert (mixed.window == single.window).all()
    assert (mixed.mel_weights == double.mel_weights).all()
    different = np.flatnonzero(double.mel_weights != single.mel_weights) + double.mel_start
    assert different.tolist() == [149, 221, 225]
    assert np.abs(double.mel_weights.astype(int) - single.mel_weights).max() == 1


def test_the_window_is_a_hann_window() -> None:
    window = hann_window(400, "double")
    assert window.max() == 4096
    assert (window == window[::-1]).all()
    exact = [0.5 - 0.5 * math.cos(2 * math.pi * (i + 0.5) / 400) for i in range(400)]
    assert np.abs(window / 4096 - exact).max() <= 0.5 / 4096 + 1e-6


def test_mltks_window_is_neither_of_the_others() -> None:
    """Its angle is computed in double, its cosine in float: with 1014 samples that shows."""
    double, single, mixed = (hann_window(1014, p) for p in ("double", "float", "mixed"))
    assert (mixed != single).any()
    assert (double != single).any()


def test_each_bin_is_shared_by_two_channels() -> None:
    segments = mel_segments(preset("yamnet"))
    total = segments.weights.astype(int) + segments.unweights
    assert set(total.tolist()) <= {4096, 4097}
    assert segments.start == 5
    assert segments.ends[-1] == 241
    assert (segments.widths() >= 0).all()


def test_mel_of_the_textbook_points() -> None:
    for hz in (125.0, 1000.0, 7500.0):
        expected = 1127 * math.log(1 + hz / 700)
        assert hz_to_mel(np.float32(hz), True) == pytest.approx(expected, rel=1e-6)
        assert hz_to_mel(np.float32(hz), False) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("x", [0.0, 1e-6, 0.1, 0.41421354, 0.41421357, 1.0, 2.7, 3.0, 10.714286, 150.0])
def test_log1pf_is_within_an_ulp(x: float) -> None:
    value = log1pf(np.float32(x))
    exact = math.log1p(float(np.float32(x)))
    assert abs(float(value) - exact) <= np.spacing(np.float32(exact))


def test_the_log_table_starts_and_ends_at_zero() -> None:
    table = log2_error_table()
    assert len(table) == 129
    assert (table[0], table[1], table[57], table[128]) == (0, 224, 5641, 0)


def test_the_pcan_table_falls_and_saturates() -> None:
    table = pcan_gain_table(Pcan(), 7)
    starts = [table[0], table[1], *table[2::4]]
    assert all(a >= b for a, b in itertools.pairwise(starts))
    assert pcan_gain_table(Pcan(gain_bits=31), 7)[0] == 32767
    assert starts[0] == round(2**21 * 80**-0.95)


def test_tables_are_read_only_and_shared() -> None:
    tables = make_tables(FrontendSpec())
    assert make_tables(FrontendSpec()) is tables
    with pytest.raises(ValueError, match="read-only"):
        tables.window[0] = 1
    assert 2000 < tables.nbytes() < 5000


@pytest.mark.parametrize(("n", "expected"), [(16, [4, 4]), (32, [4, 4, 2]), (256, [4, 4, 4, 4])])
def test_radices(n: int, expected: list[int]) -> None:
    assert radices(n) == expected
    assert sorted(input_order(n).tolist()) == list(range(n))


@pytest.mark.parametrize("window_ms", [2, 4, 8, 16, 30, 60, 100, 250])
def test_the_fft_is_a_fourier_transform(window_ms: int, rng: np.random.Generator) -> None:
    """Fixed-point output follows the exact transform to a few units, at every FFT length."""
    spec = FrontendSpec(window_ms=window_ms, step_ms=1, channels=1)
    tables = make_tables(spec)
    samples = rng.integers(-20000, 20000, (3, spec.fft_size)).astype(np.int16)
    re, im = real_fft(samples, tables.twiddles, tables.split_twiddles)
    exact = np.fft.rfft(samples.astype(np.float64)) / spec.fft_size
    assert np.abs(re - exact.real).max() < 6
    assert np.abs(im - exact.imag).max() < 6
