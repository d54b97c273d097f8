"""The numbers of board.h, read from it: registers, sizes, commands; and two that it has from the chip's table."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.chip.rt1176 import CHIP

HEADER = Path(__file__).parent / "board.h"
_DEFINE = re.compile(r"^#define BOARD_(\w+) (0x[0-9A-Fa-f]+|\d+)u\b", re.MULTILINE)


def read_board() -> dict[str, int]:
    """Return the header's numbers by name, without the prefix `BOARD_`."""
    own = {name: int(value, 0) for name, value in _DEFINE.findall(HEADER.read_text(encoding="utf-8"))}
    return own | {"REGISTERS": CHIP.places["board"].address, "TICKS_PER_US": CHIP.m7_hz // 1_000_000}


BOARD = read_board()
