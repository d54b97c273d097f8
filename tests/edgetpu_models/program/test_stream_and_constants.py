"""Bit fields and float32 constants, against values read in real files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgetpu_models.program.constants import F, bounds, product, rational
from edgetpu_models.program.stream import (
    FIELDS,
    M,
    marked,
    read_bits,
    read_field,
    records,
    write_bits,
    write_field,
)


@given(st.integers(0, 500), st.integers(1, 40), st.integers(0, 2**40 - 1), st.randoms())
def test_a_written_field_is_read_back_and_nothing_else_changes(
    at: Any, width: Any, value: Any, rng: np.random.Generator
) -> None:
    stream = bytearray(rng.randbytes(80))
    before = int.from_bytes(stream, "little")
    value &= (1 << width) - 1
    write_bits(stream, at, width, value)
    assert read_bits(stream, at, width) == value
    mask = ((1 << width) - 1) << at
    assert int.from_bytes(stream, "little") & ~mask == before & ~mask


def test_a_record_is_found_with_its_values() -> None:
    stream = bytearray(16 * 6)
    stream[32:36] = (0x30C048).to_bytes(4, "little")
    values = [float(F(0.25)), 170.0, -85.0, -7, 85, 128, 3]
    for field, value in zip(FIELDS, values, strict=True):
        write_field(stream, 2, field, value)
    (record,) = records(stream)
    assert [
        record.m,
        record.hi,
        record.lo,
        record.x,
        record.zero,
        record.weight_zero,
        record.input_zero,
    ] == values
    assert read_field(stream, 2, M) == 0.25


def test_a_word_that_is_no_record_is_left_out() -> None:
    stream = bytearray(16 * 6)
    stream[32:36] = (0x30C048).to_bytes(4, "little")  # factor 0
    assert len(list(marked(stream))) == 1
    assert not list(records(stream))


@pytest.mark.parametrize(
    ("scale", "zero", "hi", "lo"),
    [  # read in color_blue, color_cyan and MobileNet v1 0.5
        (0.11764607578516006, 85, 169.99998474121094, -84.99999237060547),
        (0.11762472242116928, 85, 170.0, -85.0),
        (0.9941176176071167, 0, 255.00001525878906, 0.0),
        (0.14645719528198242, 78, 177.00001525878906, -78.0),
    ],
)
def test_bounds_have_the_compilers_last_bits(scale: Any, zero: Any, hi: Any, lo: Any) -> None:
    assert bounds(F(scale), zero) == (hi, lo)


def test_activations_narrow_the_bounds() -> None:
    assert bounds(F(0.1), 100, "RELU")[1] == 0
    assert bounds(F(0.1), 0, "RELU6")[0] == pytest.approx(60, abs=1e-4)
    assert bounds(F(0.01), 0, "RELU6")[0] == pytest.approx(255, abs=1e-3)


def test_the_factor_is_rounded_in_the_compilers_order() -> None:
    x, w, y = F(1.0), F(0.007874015718698502), F(0.9941176176071167)
    assert product(x, w, y) == 0.007920607924461365  # color_blue, convolution
    rng = np.random.default_rng(0)
    triples = rng.uniform(0.001, 1, (500, 3)).astype(np.float32)
    other = [float(F(F(a * b) / c)) for a, b, c in triples]
    assert other != [product(a, b, c) for a, b, c in triples]  # dividing gives other last bits


def test_ratios_are_the_ones_in_a_real_file() -> None:
    assert rational(F(0.5746461749076843), F(0.35531607270240784)) == (17575, 10867)  # DeepLab, ADD 9
    assert rational(0.25, 0.25) == (1, 1)


@given(st.floats(1e-4, 1e2), st.floats(1e-4, 1e2))
def test_ratios_stay_below_their_limit(a: Any, b: Any) -> None:
    k1, k2 = rational(a, b)
    assert 0 <= min(k1, k2) <= max(k1, k2) <= 32767
    if k1 and k2 and 1 / 30000 < a / b < 30000:
        assert k1 / k2 == pytest.approx(a / b, rel=1e-3)
