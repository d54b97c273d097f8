"""The wire part of the core as a library, and the default front-end's generated files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.base.toolchain import compile_library
from firmware_bridge.contract.bundle import Manifest
from firmware_bridge.microfrontend import FrontendSpec, build
from firmware_bridge.ports.host.library import plain
from firmware_bridge.ports.sources import CORE, size_flags, write_sources
from firmware_bridge.protocol.c_header import render_c_header

FUNCTIONS = """
typedef struct ut_layout ut_layout;
const ut_layout *ut_layout_of(uint8_t kind);
size_t ut_encode(const ut_layout *layout, const void *message, uint8_t *payload);
int32_t ut_decode(const ut_layout *layout, const uint8_t *payload, size_t count, void *message);
typedef struct { uint8_t version, kind; uint16_t sequence; const uint8_t *payload; size_t count; } ut_frame;
typedef struct { uint32_t held; int32_t dropping; uint8_t bytes[1037]; } ut_decoder;
int32_t ut_decoder_take(ut_decoder *decoder, uint8_t byte, ut_frame *frame, int *fault);
size_t ut_frame_encode(const ut_frame *frame, uint8_t *wire);
uint32_t ut_crc32(uint32_t crc, const uint8_t *bytes, size_t count);
size_t ut_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *wire);
int32_t ut_cobs_decode(uint8_t *bytes, size_t count);
size_t ut_text_copy(char *to, size_t most, const char *text);
void ut_text_hex(char to[64], const uint8_t bytes[32]);
uint8_t ut_refuse(void *reply, uint8_t code, const char *sentence, uint32_t first, uint32_t second);
"""
PARTS = ("codec.c", "framing.c", "cobs.c", "crc32.c", "text.c", "refusals.c")


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are made for a bundle with the default front-end."""
    manifest = Manifest.model_construct(frontend=FrontendSpec(), window_ms=5000, hop_ms=1000)
    return write_sources(manifest, tmp_path_factory.mktemp("generated"))


class Wire:
    """The wire part of the core."""

    def __init__(self, path: Path) -> None:
        from cffi import FFI

        self.ffi: Any = FFI()
        self.ffi.cdef(plain(render_c_header()) + FUNCTIONS)
        self.lib: Any = self.ffi.dlopen(str(path))


@pytest.fixture(scope="session")
def wire(generated: Path) -> Wire:
    sources = [*(CORE / part for part in PARTS), generated / "protocol_layout.c"]
    includes = [CORE, build.CORE, generated]
    return Wire(compile_library("wire", sources, includes, size_flags(FrontendSpec()), generated))
