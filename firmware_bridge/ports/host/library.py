"""The core's library as Python sees it: declarations are read from the core's own headers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.ports.sources import CORE

ALIGNMENT = 64  # bytes: the widest vector register of the front-end's state

_FUNCTIONS = """
int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory);
void ut_device_receive(ut_device *device, const uint8_t *bytes, size_t count);
void ut_device_poll(ut_device *device);
size_t ut_host_device_bytes(void);
size_t ut_host_features_bytes(void);
size_t ut_host_input_bytes(void);
size_t ut_host_capture_bytes(void);
const ut_tables *ut_host_frontend(void);
const char *ut_host_frontend_hash(void);
"""


def plain(text: str) -> str:
    """Return a C header without the preprocessor's lines, which cffi does not take."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def struct_of(text: str, name: str) -> str:
    """Return the definition `typedef struct {...} NAME;` of a header."""
    match = re.search(r"typedef struct \{[^}]*\} " + name + ";", text)
    if match is None:
        raise ValueError(f"no struct {name}")
    return match[0]


def declarations() -> str:
    """Return what cffi must know of the core: its port, its build, its memory, and three functions."""
    port, setup = ((CORE / name).read_text(encoding="utf-8") for name in ("port.h", "setup.h"))
    structs = [struct_of(setup, name) for name in ("ut_build", "ut_memory")]
    opaque = [f"typedef struct {name} {name};" for name in ("ut_tables", "ut_device")]
    return "\n".join([*opaque, plain(port), *structs, _FUNCTIONS])


class Library:
    """A loaded library of the core.

    Attributes:
        memory: Bytes that it wants, by what they are for.
    """

    def __init__(self, path: Path) -> None:
        from cffi import FFI

        self.path = path
        self.ffi: Any = FFI()
        self.ffi.cdef(declarations())
        try:
            self.lib: Any = self.ffi.dlopen(str(path))
        except OSError as error:
            raise EnvironmentLacking(f"the core's library cannot be loaded: {error}", "delete it") from error
        names = ("device", "features", "input", "capture")
        self.memory = {name: int(getattr(self.lib, f"ut_host_{name}_bytes")()) for name in names}

    def aligned(self, count: int) -> tuple[Any, Any]:
        """Return (owner, pointer) of zeroed memory at a multiple of `ALIGNMENT`; keep the owner."""
        owner = self.ffi.new("uint8_t[]", count + ALIGNMENT)
        address = int(self.ffi.cast("uintptr_t", owner))
        return owner, owner + (-address % ALIGNMENT)
