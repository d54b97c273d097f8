"""A device in C on the bench, and the same device in Python."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.toolchain import compile_library
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.sources import core_sources, include_folders, size_flags, write_sources
from firmware_bridge.protocol import (
    DeviceServer,
    Frame,
    FrameDecoder,
    Kind,
    Message,
    decode,
    encode,
    encode_frame,
)
from firmware_bridge.protocol.engine import Identity, MemoryMarks
from firmware_bridge.reference.device import ReferenceDevice
from firmware_bridge.reference.engine import bundle_identity

BENCH = Path(__file__).parent / "bench.c"
WRAPPED = "-Wl,--wrap=ut_push,--wrap=ut_scale,--wrap=ut_fuse"
COUNTS = ("has_bundle", "frames", "samples", "infers", "on", "waiting", "in_store")
DECLARATIONS = """
typedef int32_t (*run_network)(uint32_t network, const int8_t *input, size_t inputs, int8_t *output, size_t outputs);
void *bench_new(const uint8_t *image, size_t bytes, int32_t microphone);
void bench_free(void *held);
size_t bench_talk(void *held, const uint8_t *bytes, size_t count, const uint8_t **sent);
void bench_hear(void *held, const int16_t *pcm, size_t count, uint32_t lost);
void bench_fail(void *held, uint32_t from, uint32_t count);
void bench_networks(void *held, run_network networks);
void bench_counts(void *held, uint32_t counts[7]);
void bench_age(void *held, uint32_t captured);
void bench_fuse(const int32_t *bias, const int16_t *weight, const int8_t *zero_point, int32_t shift, uint32_t labels,
                uint32_t keywords, const int8_t *scores, int8_t *fused);
int8_t bench_mean(int32_t sum, int32_t n);
"""


def crc(pcm: np.ndarray) -> int:
    """Return the checksum of a segment."""
    return zlib.crc32(pcm.astype("<i2").tobytes())


def requests(*messages: tuple[str, dict[str, Any]], first: int = 1) -> bytes:
    """Return messages as bytes on the wire, numbered from `first` on."""
    return b"".join(
        encode_frame(Frame(Kind[name.upper()], (first + i) & 0xFFFF, encode(name, **fields)))
        for i, (name, fields) in enumerate(messages)
    )


def segment_requests(
    pcm: np.ndarray, cuts: Sequence[int], segment: int = 1
) -> list[tuple[str, dict[str, Any]]]:
    """Return `begin` and all the `audio` of a segment, cut before these samples (and at every 480)."""
    edges = [0]
    for cut in [*sorted(cuts), len(pcm)]:
        while cut - edges[-1] > 480:
            edges.append(edges[-1] + 480)
        if cut > edges[-1]:
            edges.append(cut)
    sent: list[tuple[str, dict[str, Any]]] = [("begin", {"segment": segment, "samples": len(pcm)})]
    sent += [
        ("audio", {"segment": segment, "offset": a, "pcm": pcm[a:b]}) for a, b in itertools.pairwise(edges)
    ]
    return sent


def messages_of(wire: bytes) -> list[Message]:
    """Return the messages on the wire."""
    found = FrameDecoder().push(wire)
    assert all(isinstance(frame, Frame) for frame in found)
    return [decode(frame.kind, frame.payload) for frame in found if isinstance(frame, Frame)]


class Bench:
    """A device in C."""

    def __init__(self, ffi: FFI, lib: Any, image: bytes, microphone: bool) -> None:
        self._ffi, self.lib = ffi, lib
        self._held = lib.bench_new(image, len(image), microphone)
        self._sequence = 0
        self._kept: list[Any] = []

    def close(self) -> None:
        self.lib.bench_free(self._held)

    def talk(self, wire: bytes) -> bytes:
        sent = self._ffi.new("const uint8_t **")
        count = self.lib.bench_talk(self._held, wire, len(wire), sent)
        return bytes(self._ffi.buffer(sent[0], count)) if count else b""

    def ask(self, name: str, **fields: Any) -> Message | None:
        """Return the answer to one request, or None where there is none."""
        self._sequence += 1
        found = messages_of(self.talk(requests((name, fields), first=self._sequence)))
        assert len(found) <= 1
        return found[0] if found else None

    def answer(self, name: str, **fields: Any) -> Message:
        reply = self.ask(name, **fields)
        assert reply is not None
        return reply

    def refused(self, name: str, **fields: Any) -> tuple[int, str]:
        reply = self.answer(name, **fields)
        assert reply.name == "error", reply
        return reply.code, reply.sentence

    def send(self, pcm: np.ndarray, cuts: Sequence[int] = (), segment: int = 1) -> list[Message]:
        """Send a segment, cut before these samples and at every 480; return the answers."""
        sent = segment_requests(pcm, cuts, segment)
        found = messages_of(self.talk(requests(*sent, first=self._sequence + 1)))
        self._sequence += len(sent)
        return found

    def end(self, pcm: np.ndarray, segment: int = 1) -> Message:
        return self.answer("end", segment=segment, checksum=crc(pcm))

    def score(self, pcm: np.ndarray, cuts: Sequence[int] = (), segment: int = 1) -> Message:
        """Return the result of a segment."""
        self.send(pcm, cuts, segment)
        result = self.end(pcm, segment)
        assert result.name == "result", result
        return result

    def hear(self, pcm: np.ndarray, lost: int = 0) -> None:
        data = np.ascontiguousarray(pcm, np.int16)
        self.lib.bench_hear(self._held, self._ffi.cast("int16_t *", data.ctypes.data), len(data), lost)

    def fail(self, first: int = 0, count: int = 1) -> None:
        """Let networks fail: `count` calls, from the one after `first` more."""
        self.lib.bench_fail(self._held, first, count)

    def age(self, captured: int) -> None:
        self.lib.bench_age(self._held, captured)

    def use(self, networks: Sequence[Any]) -> None:
        """Let these networks (objects with `run`) score."""

        def run(network: int, source: Any, inputs: int, target: Any, outputs: int) -> int:
            features = np.frombuffer(self._ffi.buffer(source, inputs), np.int8)
            scores = networks[network].run(features)
            self._ffi.buffer(target, outputs)[:] = scores.tobytes()
            return 0

        self._kept.append(self._ffi.callback("run_network", run))
        self.lib.bench_networks(self._held, self._kept[-1])

    @property
    def counts(self) -> dict[str, int]:
        counts = self._ffi.new("uint32_t[7]")
        self.lib.bench_counts(self._held, counts)
        return dict(zip(COUNTS, counts, strict=True))


@dataclass(frozen=True)
class Pair:
    """The device of one setup, in C and in Python."""

    bundle: Bundle
    reference: ReferenceDevice
    ffi: FFI
    lib: Any
    image: bytes
    closing: list[Bench]
    made: Path  # sources that are made for the bundle

    @property
    def identity(self) -> Identity:
        return bundle_identity(self.bundle)

    def bench(self, microphone: bool = False, image: bytes | None = None) -> Bench:
        made = Bench(self.ffi, self.lib, self.image if image is None else image, microphone)
        self.closing.append(made)
        return made

    def server(self, engine: Any = None) -> DeviceServer:
        marks = MemoryMarks(10, 20, 30)
        return DeviceServer(engine or self.reference, self.identity, lambda: marks, clock=lambda: 1.5)


def compile_bench(bundle: Bundle, folder: Path, flags: Sequence[str] = ()) -> Path:
    """Return the library of a bundle's bench."""
    write_sources(bundle.manifest, folder)
    spec = bundle.manifest.frontend
    # The bench includes C's own library and casts; strict warnings are for the core.
    sizes = [*size_flags(spec), WRAPPED, "-Wno-conversion", "-Wno-cast-function-type"]
    sources = [*core_sources(folder), BENCH]
    try:
        return compile_library("bench", sources, include_folders(folder), [*sizes, *flags])
    except EnvironmentLacking as lacking:
        if "no C compiler" in lacking.what:
            pytest.skip(lacking.what)
        raise


def pair_of(bundle: Bundle, reference: ReferenceDevice, folder: Path) -> Pair:
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    lib = ffi.dlopen(str(compile_bench(bundle, folder)))
    return Pair(bundle, reference, ffi, lib, build_image(bundle, compiled=False), [], folder)
