"""Counters and live scores of a device as rows and bars that fit a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from firmware_bridge.protocol.messages import Stats

UNKNOWN_TEMPERATURE = -(2**31)
# Heading, width, and the counter behind it (of `stats` in protocol.toml).
STATS = (
    ("up s", 8, "uptime_ms"),
    ("good", 7, "frames_good"),
    ("bad", 5, "frames_bad"),
    ("again", 6, "replies_repeated"),
    ("segments", 9, "segments_scored"),
    ("windows", 8, "windows_scored"),
    ("gaps", 5, "audio_gaps"),
    ("lost", 6, "receive_overruns"),
    ("RAM kB", 7, "ram_peak_bytes"),
    ("stack", 7, "stack_peak_bytes"),
    ("C", 6, "temperature_mc"),
)
BAR = 40


def stats_heading() -> str:
    """Return the headings of `stats_row`, 80 columns at most."""
    return "".join(f"{title:>{width}}" for title, width, _ in STATS).rstrip()


def stats_row(stats: Stats) -> str:
    """Return the counters that tell how a device is, in one line.

    Args:
        stats: The answer to `get_stats`.
    """
    return "".join(f"{_cell(name, getattr(stats, name)):>{width}}" for _, width, name in STATS)


def _cell(name: str, value: int) -> str:
    if name == "uptime_ms":
        return f"{value / 1000:.1f}"
    if name == "ram_peak_bytes":
        return f"{value / 1000:.0f}" if value else "-"
    if name == "temperature_mc":
        return "-" if value == UNKNOWN_TEMPERATURE else f"{value / 1000:.1f}"
    if name == "stack_peak_bytes" and not value:
        return "-"
    return str(value)


def shares(scores: NDArray[np.int8], scale: float) -> NDArray[np.float64]:
    """Return fused scores as shares that sum to 1: the softmax of their real values.

    Args:
        scores: int8[labels].
        scale: Real value of one step.
    """
    real = scores.astype(np.float64) * scale
    grown = np.exp(real - real.max())
    return np.asarray(grown / grown.sum())


def bars(labels: Sequence[str], parts: Sequence[float]) -> list[str]:
    """Return one line per label: name, bar, per cent; the largest is marked.

    Args:
        labels: Their names.
        parts: Shares from 0 to 1.
    """
    width = max(map(len, labels), default=0)
    top = max(range(len(parts)), key=lambda index: parts[index], default=-1)
    return [
        f"{'>' if index == top else ' '} {label:<{width}} {'█' * round(BAR * part):<{BAR}} {100 * part:5.1f} %"
        for index, (label, part) in enumerate(zip(labels, parts, strict=True))
    ]
