"""Networks for the board's mailbox as its fake interpreter reads them, and the ways to run one."""

from __future__ import annotations

import struct
import time
from typing import Any

import cffi

ffi = cffi.FFI()
LOADED, ARENA, SHAPE, BROKEN = range(4)
ACOUSTIC, KEYWORD = range(2)
INT8, UINT8 = range(2)
INPUTS, OUTPUTS = 6, 3
PARAMETERS = 16  # their place in a network
GOOD, ERROR, REFUSED, NEVER = range(4)  # how a transfer ends


def network(
    last: int = 0,
    version: int = 3,
    prepares: int = 1,
    kind: int = INT8,
    inputs: int = INPUTS,
    bytes_: int = 64,
    token: int = 0,
) -> Any:
    """Return a network as the fake interpreter reads it; memory of its own. `last`: its parameters."""
    head = struct.pack("<BBBBHHQB", version, prepares, kind, 0, inputs, OUTPUTS, token, last)
    return ffi.new("uint8_t[]", list(head.ljust(bytes_, b"\0")))


def load(glue: Any, model: Any, which: int = ACOUSTIC, arena: int = 65536) -> int:
    return int(glue.mailbox_load(which, model, len(model), arena, INPUTS, OUTPUTS))


def infer(glue: Any, values: list[int], which: int = ACOUSTIC) -> list[int]:
    out = ffi.new("int8_t[]", OUTPUTS)
    assert glue.mailbox_infer(which, ffi.new("int8_t[]", values), len(values), out, OUTPUTS) == 0
    return list(out)


def opened(glue: Any) -> Any:
    glue.mailbox_start()
    deadline = time.monotonic() + 5
    while not glue.mailbox_there():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return glue


def fails(glue: Any, which: int = ACOUSTIC) -> bool:
    out = ffi.new("int8_t[]", OUTPUTS)
    return bool(glue.mailbox_infer(which, bytes(INPUTS), INPUTS, out, OUTPUTS) != 0)
