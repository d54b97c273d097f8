"""Each stage of the specification against the same stage written for one number, in exact integers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.microfrontend import FrontendSpec, LogScale, NoiseReduction, Pcan, preset, stages
from firmware_bridge.microfrontend.spec import ActivityDetection
from firmware_bridge.microfrontend.tables import make_tables

QUICK = settings(max_examples=150, deadline=None, derandomize=True)
AMPLITUDES = st.one_of(st.integers(0, 40), st.integers(0, 5000), st.integers(0, 2**22))


def one_root(value: int) -> int:
    """Return the square root as the stock library rounds it."""
    root = math.isqrt(value)
    up = value - root * root > root and not (root == 0xFFFF and value < 2**32)
    return root + up


@QUICK
@given(value=st.one_of(st.integers(0, 2**44), st.integers(0, 2**22).map(lambda r: r * r)))
def test_square_root(value: int) -> None:
    around = np.array([max(0, value - 1), value, value + 1], dtype=np.int64)
    assert stages.rounded_sqrt(around).tolist() == [one_root(int(v)) for v in around]


@pytest.mark.parametrize(
    "value", [2**32 - 1, 2**32, 65535 * 65535 + 65535, 65535 * 65536 + 1, 65536**2 + 65537]
)
def test_square_root_where_32_bits_end(value: int) -> None:
    assert stages.rounded_sqrt(np.array([value])).tolist() == [one_root(value)]


def test_square_root_saturates_only_below_two_to_the_32() -> None:
    assert stages.rounded_sqrt(np.array([2**32 - 1, 2**32])).tolist() == [65535, 65536]


@QUICK
@given(value=st.integers(0, 2**52))
def test_bit_length(value: int) -> None:
    assert stages.bit_length(np.array([value])).tolist() == [value.bit_length()]


def one_logarithm(value: int, shift: int, correction: int) -> int:
    """Return the stock library's logarithm of one amplitude."""
    value = value << correction & 0xFFFFFFFF if correction >= 0 else value >> -correction
    if value <= 1:
        return 0
    integer = value.bit_length() - 1
    fraction = value - (1 << integer)
    fraction = fraction << 16 - integer if integer < 16 else fraction >> integer - 16
    errors = [round(65536 * (math.log2(1 + i / 128) - i / 128)) for i in range(129)]
    low, high = errors[fraction >> 9], errors[(fraction >> 9) + 1]
    log2 = (integer << 16) + fraction + low + ((high - low) * (fraction & 511) >> 16)
    natural = 45426 * log2 + 32768 >> 16
    return (natural << shift) + 32768 >> 16


@QUICK
@given(value=AMPLITUDES, shift=st.integers(0, 11), window=st.sampled_from([2, 4, 30, 100]))
def test_logarithm(value: int, shift: int, window: int) -> None:
    spec = FrontendSpec(
        window_ms=window, step_ms=1, channels=1, log=LogScale(shift=shift), noise_reduction=None, pcan=None
    )
    ours = stages.log_scaled(np.array([value]), make_tables(spec))
    assert ours.tolist() == [one_logarithm(value, shift, spec.correction_bits)]


def test_logarithm_follows_the_natural_one() -> None:
    tables = make_tables(preset("yamnet"))
    values = np.array([3, 10, 100, 1000, 50000, 2**20])
    exact = 64 * np.log(values * 8.0)
    assert np.abs(stages.log_scaled(values, tables) - exact).max() < 1.5


def one_noise_reduction(signal: list[int], coefficients: tuple[int, int, int], even: bool) -> list[int]:
    """Return one channel's signal after noise reduction, frame by frame."""
    smoothing, remaining, bits = coefficients
    estimate, out = 0, []
    for value in signal:
        scaled = value << bits & 0xFFFFFFFF
        estimate = (scaled * smoothing + estimate * (16384 - smoothing) >> 14) & 0xFFFFFFFF
        subtracted = scaled - min(estimate, scaled) >> bits
        out.append(max(subtracted, value * remaining >> 14))
    return out


@QUICK
@given(
    signal=st.lists(AMPLITUDES, min_size=1, max_size=12),
    bits=st.integers(0, 16),
    fraction=st.sampled_from([0.0, 0.025, 0.5, 1.0]),
)
def test_noise_reduction(signal: list[int], bits: int, fraction: float) -> None:
    reduction = NoiseReduction(
        smoothing_bits=bits, even_smoothing=fraction, odd_smoothing=1 - fraction, min_signal_remaining=0.05
    )
    tables = make_tables(FrontendSpec(channels=2, noise_reduction=reduction, pcan=None))
    frames = np.array([signal, signal], dtype=np.int64).T
    ours, _ = stages.noise_reduced(frames, np.zeros(2, dtype=np.int64), tables)
    for channel in (0, 1):
        smoothing = int(tables.noise[channel])
        expected = one_noise_reduction(signal, (smoothing, int(tables.noise[2]), bits), channel == 0)
        assert ours[:, channel].tolist() == expected


def test_the_noise_estimate_goes_on_where_the_last_block_ended() -> None:
    tables = make_tables(FrontendSpec(channels=3, pcan=None))
    frames = np.random.default_rng(2).integers(0, 9000, (20, 3))
    whole, _ = stages.noise_reduced(frames, np.zeros(3, dtype=np.int64), tables)
    memory = np.zeros(3, dtype=np.int64)
    parts = [stages.noise_reduced(part, memory, tables)[0] for part in (frames[:7], frames[7:8], frames[8:])]
    assert np.array_equal(np.concatenate(parts), whole)


def one_gain(table: list[int], estimate: int) -> int:
    """Return the gain for one noise estimate, as a 16-bit number."""
    if estimate <= 2:
        return table[estimate]
    interval = estimate.bit_length()
    start, slope, bend = table[4 * interval - 6 : 4 * interval - 3]
    fraction = (estimate << 11 - interval if interval < 11 else estimate >> interval - 11) & 0x3FF
    value = ((bend * fraction >> 5) + (slope << 5)) * fraction + (1 << 14) >> 15
    return (value + start + 0x8000 & 0xFFFF) - 0x8000


@QUICK
@given(
    estimate=st.one_of(
        st.integers(0, 9), st.integers(0, 2**32 - 1), st.integers(0, 31).map(lambda b: 1 << b)
    ),
    strength=st.floats(0, 1, width=32),
    bits=st.integers(18, 26),
)
def test_pcan_gain(estimate: int, strength: float, bits: int) -> None:
    tables = make_tables(FrontendSpec(pcan=Pcan(strength=strength, gain_bits=bits)))
    ours = stages.pcan_gain(np.array([estimate]), tables)
    assert ours.tolist() == [one_gain(tables.pcan_gain.tolist(), estimate) & 0xFFFFFFFF]


def test_pcan_is_a_parabola_below_and_a_line_above() -> None:
    tables = make_tables(FrontendSpec())
    gain = int(tables.pcan_gain[0])
    signal = np.array([0, 1, 5, 30, 2000])
    snr = [int(s) * gain >> tables.pcan_snr_shift for s in signal]
    expected = [s * s >> 20 if s < 8192 else (s >> 6) - 64 for s in snr]
    assert stages.pcan_normalised(signal, np.zeros(5, dtype=np.int64), tables).tolist() == expected


@QUICK
@given(samples=st.lists(st.integers(-32768, 32767), min_size=32, max_size=32))
def test_window_and_shift(samples: list[int]) -> None:
    spec = FrontendSpec(window_ms=2, step_ms=1, channels=1)
    tables = make_tables(spec)
    shifted, shifts = stages.windowed(np.array([samples], dtype=np.int16), tables, spec.fft_size)
    windowed = [s * int(w) >> 12 for s, w in zip(samples, tables.window, strict=True)]
    loudest = max(abs(v) for v in windowed if v != -32768) if set(windowed) != {-32768} else 0
    assert shifts.tolist() == [15 - loudest.bit_length()]
    wrapped = [((v << int(shifts[0])) + 0x8000 & 0xFFFF) - 0x8000 for v in windowed]
    assert shifted[0].tolist() == wrapped


def test_energies_are_dropped_outside_the_band() -> None:
    spec = preset("voice")
    tables = make_tables(spec)
    re = np.zeros((1, 257), dtype=np.int16)
    im = np.zeros_like(re)
    re[0, 0] = re[0, 1] = re[0, 200] = re[0, 256] = 30000
    assert not stages.channel_energies(re, im, tables).any()
    im[0, 60] = -300
    energies = stages.channel_energies(re, im, tables)[0]
    assert (energies > 0).sum() in (1, 2)
    assert abs(int(energies.sum()) - 300 * 300 * 4096) <= 300 * 300


def test_a_bin_goes_where_a_table_of_triangles_says() -> None:
    """The compact filterbank equals the dense one, weight for weight."""
    spec = preset("yamnet")
    tables = make_tables(spec)
    bins = int(tables.mel_ends[-1]) - tables.mel_start
    dense = np.zeros((bins, spec.channels + 2), dtype=np.int64)
    segment = 0
    for index in range(bins):
        while index + tables.mel_start >= tables.mel_ends[segment]:
            segment += 1
        dense[index, segment] = tables.mel_weights[index]
        dense[index, segment + 1] = tables.mel_unweights[index]
    re = np.random.default_rng(4).integers(-900, 900, (5, 257)).astype(np.int16)
    im = np.roll(re, 3, axis=1)
    energy = (re.astype(np.int64) ** 2 + im.astype(np.int64) ** 2)[
        :, tables.mel_start : tables.mel_start + bins
    ]
    expected = (energy @ dense)[:, 1 : spec.channels + 1]
    assert np.array_equal(stages.channel_energies(re, im, tables), expected)


def test_the_notch_takes_dc_away_and_leaves_the_rest() -> None:
    time = np.arange(16000)
    tone = (8000 * np.sin(2 * np.pi * 1000 * time / 16000)).round().astype(np.int64)
    memory = [0, 0]
    out = stages.notched((tone + 12000).astype(np.int16), int(0.95 * 32768), memory)
    assert abs(out[2000:].mean()) < 2
    assert out[2000:].std() == pytest.approx(tone.std(), rel=0.03)
    assert memory == [int(tone[-1]) + 12000, int(out[-1])]


@QUICK
@given(samples=st.lists(st.integers(-32768, 32767), max_size=60), coefficient=st.integers(0, 32767))
def test_the_notch_wraps_in_16_bits(samples: list[int], coefficient: int) -> None:
    before = last = 0
    expected = []
    for sample in samples:
        difference = (sample - before + 0x8000 & 0xFFFF) - 0x8000
        last = (difference + ((coefficient * last >> 14) + 1 >> 1) + 0x8000 & 0xFFFF) - 0x8000
        before = sample
        expected.append(last)
    assert stages.notched(np.array(samples, dtype=np.int16), coefficient, [0, 0]).tolist() == expected


def test_activity_needs_a_fall_and_then_a_rise() -> None:
    tables = make_tables(FrontendSpec(channels=4, activity=ActivityDetection(), pcan=None))

    def trips(levels: list[int]) -> bool:
        signal = np.repeat(np.array(levels)[:, None], 4, axis=1)
        return stages.activity_tripped(signal, [0, 0, 0], tables)

    assert trips([1000] * 8 + [10] * 4 + [3000] * 3)
    assert not trips([1000] * 20)
    assert not trips([10] * 4 + [1000] * 20)
    assert not trips([1000] * 8 + [10] * 4)
