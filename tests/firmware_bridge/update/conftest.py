"""The device's core on the laptop, on a flash model, with a mailbox that only remembers what was loaded."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI

from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import HEADER, HEADER_BYTES, build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.protocol import TABLE, Frame, FrameDecoder, Message, decode, encode, encode_frame

HERE = Path(__file__).parent
STRICT = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-O1",
    "-g",
    "-fPIC",
    "-shared",
)
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SLOT_BYTES = 64 * 1024
ARENA_BYTES = 256 * 1024
DECLARATIONS = """
typedef struct { uint32_t state[8]; uint64_t count; uint8_t block[64]; } ut_sha256;
void ut_sha256_start(ut_sha256 *sha);
void ut_sha256_take(ut_sha256 *sha, const uint8_t *bytes, size_t count);
void ut_sha256_end(ut_sha256 *sha, uint8_t *digest);
typedef struct {
    uint32_t ram_bytes, ram_peak_bytes, stack_peak_bytes, receive_peak_bytes, receive_overruns;
} ut_marks;
typedef struct {
    void *context;
    void (*send)(void *, const uint8_t *, size_t);
    uint32_t (*cycles)(void *);
    uint32_t (*milliseconds)(void *);
    void (*marks)(void *, ut_marks *);
    void (*health)(void *, void *);
    const void *(*crash)(void *);
    int32_t (*temperature)(void *);
    int32_t (*load)(void *, uint32_t, const uint8_t *, size_t, size_t, size_t, size_t);
    int32_t (*infer)(void *, uint32_t, const int8_t *, size_t, int8_t *, size_t);
    int32_t (*flash_read)(void *, uint32_t, size_t, uint8_t *, size_t);
    int32_t (*flash_erase)(void *, uint32_t);
    int32_t (*flash_program)(void *, uint32_t, size_t, const uint8_t *, size_t);
    size_t (*microphone)(void *, int16_t *, size_t, uint32_t *);
    void (*microphone_power)(void *, int32_t);
} ut_port;
typedef struct {
    const char *name, *evidence;
    uint32_t cycles_per_us;
    const void *frontend;
    const char *frontend_hash;
    uint32_t slot_bytes, arena_bytes;
} ut_build;
typedef struct {
    uint16_t *features; int8_t *input; uint8_t *models; size_t models_bytes; int16_t *capture;
} ut_memory;
typedef struct { int32_t kind, offset, multiplier, shift, span; } ut_scaling;
typedef struct {
    uint32_t offset, bytes, arena_bytes, inputs, outputs;
    float output_scale; int8_t output_zero_point; uint8_t sha256[32];
} ut_image_network;
typedef struct { int32_t shift; int32_t bias[16]; int16_t weight[16][48]; int8_t zero_point[48]; } ut_fusion;
typedef struct {
    uint32_t bytes;
    uint8_t bundle[32], frontend[32];
    uint32_t labels, keywords, window_samples, hop_samples, frames, channels;
    ut_scaling scaling;
    float fused_scale; int8_t fused_zero_point;
    ut_image_network networks[2];
    ut_fusion fusion;
} ut_image;
typedef struct ut_device ut_device;
const void *part_tables(void);
size_t part_device_bytes(void);
int32_t part_slot(const ut_device *device);
void part_prepare(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory);
int32_t ut_image_open(
    const ut_port *port, const ut_build *build, size_t models_bytes, int32_t slot, ut_image *image);
int32_t ut_image_verify(const ut_port *port, int32_t slot, const ut_image *image, uint8_t *into);
void ut_slots_order(const ut_port *port, int32_t *order);
int32_t ut_slots_enable(const ut_port *port, int32_t slot);
int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory);
void ut_device_receive(ut_device *device, const uint8_t *bytes, size_t count);
void ut_device_poll(ut_device *device);
"""


class Core:
    """The core as a library.

    `UNDERTONE_SANITIZE` set: with the address and undefined-behaviour sanitizers (the process must have been
    started with their run-time library preloaded).
    """

    def __init__(self, bundle: Bundle, folder: Path) -> None:
        compiler = shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("no C compiler")
        spec = bundle.manifest.frontend
        write_sources(bundle.manifest, folder)
        library = folder / "core.so"
        extra = SANITIZERS if os.environ.get("UNDERTONE_SANITIZE") else ()
        includes = [f"-I{path}" for path in include_folders(folder)]
        files = [*core_sources(folder), HERE / "parts.c"]
        line = [compiler, *STRICT, *extra, *size_flags(spec), *includes, *map(str, files), "-o", str(library)]
        subprocess.run(line, check=True)
        self.bundle, self.spec, self.ffi = bundle, spec, FFI()
        self.ffi.cdef(DECLARATIONS)
        self.lib = self.ffi.dlopen(str(library))

    def sha256(self, *pieces: bytes) -> bytes:
        sha, digest = self.ffi.new("ut_sha256 *"), self.ffi.new("uint8_t[32]")
        self.lib.ut_sha256_start(sha)
        for piece in pieces:
            self.lib.ut_sha256_take(sha, piece, len(piece))
        self.lib.ut_sha256_end(sha, digest)
        return bytes(digest)


class CoreDevice:
    """A device on a flash: what a board is from one power-on to the next.

    Attributes:
        loaded: The networks that the mailbox holds, by number.
        refuse_load: What the mailbox answers to a network whose bytes are in here.
    """

    def __init__(self, core: Core, flash: Flash, **limits: Any) -> None:
        self.core, self.flash = core, flash
        self.loaded: dict[int, bytes] = {}
        self.refuse_load: dict[bytes, int] = {}
        self.sent = bytearray()
        self._prepare(**limits)

    def _prepare(
        self,
        arena_bytes: int = ARENA_BYTES,
        models_bytes: int = SLOT_BYTES,
        frontend: str = "",
        has_flash: bool = True,
    ) -> None:
        ffi, core = self.core.ffi, self.core
        self.port = ffi.new("ut_port *")
        self._keep: list[Any] = []

        give = self.give

        def marks(_: Any, made: Any) -> None:
            made.receive_overruns = 0

        def load(_: Any, network: int, model: Any, count: int, *sizes: int) -> int:
            content = bytes(ffi.buffer(model, count))
            if content in self.refuse_load:
                return self.refuse_load[content]
            self.loaded[network] = content
            return 0

        def infer(_: Any, network: int, data: Any, count: int, out: Any, outputs: int) -> int:
            digest = hashlib.sha256(self.loaded[network] + bytes(ffi.buffer(data, count))).digest()
            ffi.memmove(out, digest, outputs)
            return 0

        def read(_: Any, area: int, offset: int, to: Any, count: int) -> int:
            data = self.flash.read(area, offset, count)
            if data is not None:
                ffi.memmove(to, data, count)
            return int(data is None)

        def send(_: Any, data: Any, count: int) -> None:
            if not self.flash.off:
                self.sent += bytes(ffi.buffer(data, count))

        give("send", send)
        give("cycles", lambda _: 0)
        give("milliseconds", lambda _: 0)
        give("marks", marks)
        give("load", load)
        give("infer", infer)
        if has_flash:
            give("flash_read", read)
            give("flash_erase", lambda _, area: int(not self.flash.erase(area)))
            give(
                "flash_program",
                lambda _, area, offset, data, count: int(
                    not self.flash.program(area, offset, bytes(ffi.buffer(data, count)))
                ),
            )
        hash_text = ffi.new("char[]", (frontend or core.bundle.manifest.table_hash).encode())
        words = [ffi.new("char[]", text) for text in (b"test", b"simulated")]
        tables = core.lib.part_tables()
        self.build = ffi.new("ut_build *", (*words, 1, tables, hash_text, SLOT_BYTES, arena_bytes))
        stored = core.spec.frames(TABLE.limits["segment_samples"]) * core.spec.channels
        parts = (
            ffi.new("uint16_t[]", stored),
            ffi.new("int8_t[]", stored),
            ffi.new("uint8_t[]", max(models_bytes, 1)),
            models_bytes,
            ffi.new("int16_t[]", 32000),
        )
        self.memory = ffi.new("ut_memory *", parts)
        self._keep += [hash_text, words, parts]
        self._bytes = ffi.new("uint64_t[]", core.lib.part_device_bytes() // 8 + 9)
        aligned = int(ffi.cast("uintptr_t", self._bytes)) + 63 & ~63
        self.device = ffi.cast("ut_device *", aligned)
        core.lib.part_prepare(self.device, self.port, self.build, self.memory)
        self._decoder = FrameDecoder()
        self._sequence = 0

    def give(self, field: str, function: Callable[..., Any]) -> None:
        """Put a Python function into a field of the port."""
        kind = dict(self.core.ffi.typeof("ut_port").fields)[field].type
        callback = self.core.ffi.callback(kind, function)
        self._keep.append(callback)
        setattr(self.port, field, callback)

    @property
    def slot(self) -> int:
        return int(self.core.lib.part_slot(self.device))

    def start(self) -> int:
        return int(self.core.lib.ut_device_start(self.device, self.port, self.build, self.memory))

    def exchange(self, data: bytes) -> bytes:
        """Give the device bytes; return what it answers."""
        self.core.lib.ut_device_receive(self.device, data, len(data))
        answer = bytes(self.sent)
        self.sent.clear()
        return answer

    def ask(self, name: str, **fields: Any) -> Message:
        """Send one request and return its reply."""
        self._sequence += 1
        frame = Frame(TABLE.layouts[name].id, self._sequence, encode(name, **fields))
        (found,) = self._decoder.push(self.exchange(encode_frame(frame)))
        assert isinstance(found, Frame)
        return decode(found.kind, found.payload)

    def bundle_id(self) -> str:
        """Say hello; return the bundle's id."""
        return str(self.ask("hello", session=1).bundle)

    def open(self, slot: int = 0) -> tuple[int, Any]:
        """Return the code of `ut_image_open` and what it read."""
        image = self.core.ffi.new("ut_image *")
        return int(
            self.core.lib.ut_image_open(self.port, self.build, self.memory.models_bytes, slot, image)
        ), image

    def verify(self, image: Any, slot: int = 0) -> int:
        return int(self.core.lib.ut_image_verify(self.port, slot, image, self.core.ffi.NULL))

    def update(self, image: bytes, announced: bytes | None = None) -> Message:
        """Send a whole update; return the last reply."""
        digest = np.frombuffer(hashlib.sha256(image).digest() if announced is None else announced, np.uint8)
        reply = self.ask("update_begin", bytes=len(image), sha256=digest)
        while reply.name in ("update_ready", "update_ack") and reply.received < len(image):
            at = reply.received
            data = np.frombuffer(image[at : at + 960], np.uint8)
            reply = self.ask("update_data", offset=at, data=data)
        return self.ask("update_end") if reply.name != "error" else reply


@pytest.fixture(scope="session")
def core(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Core:
    return Core(bundle, tmp_path_factory.mktemp("core"))


@pytest.fixture(scope="session")
def image(bundle: Bundle) -> bytes:
    return build_image(bundle)


@pytest.fixture(scope="session")
def images(image: bytes, reseal: Callable[..., bytes]) -> list[bytes]:
    """Three images that differ in their id and in their networks, all whole."""
    made = [image]
    for number in (1, 2):
        changed = bytearray(image)
        changed[12] ^= number  # the bundle's id
        changed[-20] ^= number  # a weight of the second network
        made.append(reseal(bytes(changed)))
    return made


@pytest.fixture(scope="session")
def reseal() -> Callable[..., bytes]:
    return _reseal


def _reseal(image: bytes, networks: bool = True) -> bytes:
    """Return an image whose checksums fit what it holds."""
    import zlib

    sealed = bytearray(image)
    header = np.frombuffer(sealed, HEADER, 1)[0]
    if networks:
        for place in header["fields"]["networks"]:
            content = bytes(sealed[place["offset"] : place["offset"] + place["bytes"]])
            place["sha256"] = np.frombuffer(hashlib.sha256(content).digest(), np.uint8)
    sealed[HEADER_BYTES - 4 : HEADER_BYTES] = zlib.crc32(sealed[: HEADER_BYTES - 4]).to_bytes(4, "little")
    return bytes(sealed)


@pytest.fixture
def flash(images: list[bytes]) -> Flash:
    """A flash as it leaves the factory: one image, no record."""
    return Flash(SLOT_BYTES, [images[0]])


@pytest.fixture
def device(core: Core, flash: Flash) -> Iterator[CoreDevice]:
    """A running device on `flash`."""
    made = CoreDevice(core, flash)
    assert made.start() == 0
    yield made
    assert made.flash.misuse == []


@pytest.fixture
def make_device(core: Core) -> Callable[..., CoreDevice]:
    """Makes a device on a flash: `make_device(flash, arena_bytes=..., ...)`, not started."""

    def make(flash: Flash, **limits: Any) -> CoreDevice:
        return CoreDevice(core, flash, **limits)

    return make
