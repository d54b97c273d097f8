"""The numbers of board.h, read from it: addresses of registers, sizes, commands."""

from __future__ import annotations

import re
from pathlib import Path

HEADER = Path(__file__).parent / "board.h"
_DEFINE = re.compile(r"^#define BOARD_(\w+) (0x[0-9A-Fa-f]+|\d+)u\b", re.MULTILINE)


def read_board() -> dict[str, int]:
    """Return the header's numbers by name, without the prefix `BOARD_`."""
    return {name: int(value, 0) for name, value in _DEFINE.findall(HEADER.read_text(encoding="utf-8"))}


BOARD = read_board()
