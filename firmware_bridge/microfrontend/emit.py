"""The tables of a front-end as C constants, for firmware: the chip computes none of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.microfrontend.fft import input_order
from firmware_bridge.microfrontend.scaling import InputScaling
from firmware_bridge.microfrontend.spec import FrontendSpec
from firmware_bridge.microfrontend.tables import make_tables

PER_LINE = 14
SCALING_KINDS = ("fixed", "range", "span", "dynamic")  # in the order of core/scaling.h


def core_integers(spec: FrontendSpec) -> dict[str, int]:
    """Return the integers of the core's `ut_tables`, in their order there; -1 switches a stage off."""
    tables = make_tables(spec)
    even, odd, remaining, bits = [int(v) for v in tables.noise] or [0, 0, 0, -1]
    alpha_a, alpha_b, arm, trip, shift = [int(v) for v in tables.activity] or [0, 0, 0, 0, -1]
    return {
        "window_size": spec.window_samples,
        "step": spec.step_samples,
        "fft_size": spec.fft_size,
        "channels": spec.channels,
        "mel_start": tables.mel_start,
        "correction_bits": tables.correction_bits,
        "log_shift": tables.log_shift if len(tables.log) else -1,
        "noise_bits": bits,
        "even_smoothing": even,
        "odd_smoothing": odd,
        "min_remaining": remaining,
        "pcan_snr_shift": tables.pcan_snr_shift if len(tables.pcan_gain) else -1,
        "dc_notch": tables.dc_notch,
        "activity_shift": shift,
        "activity_alpha_a": alpha_a,
        "activity_alpha_b": alpha_b,
        "activity_arm": arm,
        "activity_trip": trip,
    }


def pair(low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.uint32]:
    """Return two arrays of 16-bit values as one of words, so that the core reads both at once."""
    words = (low.astype(np.int64) & 0xFFFF) | ((high.astype(np.int64) & 0xFFFF) << 16)
    return words.astype(np.uint32)


def log_pieces(table: NDArray[np.uint16]) -> NDArray[np.uint32]:
    """Return the logarithm's table as the core reads it, uint32[128]: value | rise to the next << 16."""
    return pair(table[:-1], np.diff(table.astype(np.int32)))


def pcan_pieces(table: NDArray[np.int16]) -> NDArray[np.uint32]:
    """Return the gain's table as the core reads it, uint32[66]: two words for each bit length 0..32.

    The lengths 0 and 1 belong to a single estimate each, so their pieces are flat.
    """
    if not table.size:
        return np.zeros(0, dtype=np.uint32)
    rows = np.zeros((33, 3), dtype=np.int64)
    rows[:2, 0] = table[:2]
    rows[2:] = np.append(table[2:], 0).reshape(-1, 4)[:, :3]
    bend = (rows[:, 2] & 0xFFFFFFFF).astype(np.uint32)
    words = np.empty(66, dtype=np.uint32)
    words[0::2], words[1::2] = pair(rows[:, 0], rows[:, 1]), bend
    return words


def core_arrays(spec: FrontendSpec) -> dict[str, NDArray[Any]]:
    """Return the arrays of the core's `ut_tables`, in their order there: int16, uint16 or uint32."""
    tables = make_tables(spec)
    return {
        "window": tables.window,
        "order": input_order(spec.fft_size // 2).astype(np.uint16),
        "twiddles": tables.twiddles,
        "split_twiddles": tables.split_twiddles,
        "mel_ends": tables.mel_ends,
        "mel_weights": tables.mel_weights,
        "mel_unweights": tables.mel_unweights,
        "pcan_pieces": pcan_pieces(tables.pcan_gain),
        "log_pieces": log_pieces(tables.log),
    }


def c_source(spec: FrontendSpec, name: str = "frontend", scaling: InputScaling | None = None) -> str:
    """Return a C file that defines `const ut_tables NAME` (and `const ut_scaling NAME_scaling`).

    Args:
        spec: The front-end.
        name: C identifier of the tables.
        scaling: The int8 scaling, where the firmware has one.
    """
    lines = [
        f"/* Front-end tables {spec.table_hash}, made by firmware_bridge/microfrontend/emit.py. */",
        '#include "microfrontend.h"',
        '#include "scaling.h"',
        "",
    ]
    members = [f".{field} = {value}," for field, value in core_integers(spec).items()]
    for field, array in core_arrays(spec).items():
        if array.size == 0:
            members.append(f".{field} = 0,")
            continue
        values = [str(int(v)) for v in array.ravel()]
        lines.append(f"static const {array.dtype}_t {name}_{field}[{array.size}] = {{")
        lines += [
            "    " + ", ".join(values[at : at + PER_LINE]) + "," for at in range(0, len(values), PER_LINE)
        ]
        lines += ["};", ""]
        members.append(f".{field} = {name}_{field},")
    lines += [f"const ut_tables {name} = {{", *(f"    {member}" for member in members), "};"]
    if scaling is not None:
        numbers = (scaling.offset, scaling.multiplier, scaling.shift, scaling.span)
        values = [str(v) for v in (SCALING_KINDS.index(scaling.kind), *numbers)]
        lines += ["", f"const ut_scaling {name}_scaling = {{{', '.join(values)}}};"]
    return "\n".join(lines) + "\n"
