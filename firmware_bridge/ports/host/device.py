"""The device's core at work in this process: its port in Python, its networks behind a simulated mailbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from firmware_bridge.base.evidence import Evidence
from firmware_bridge.base.memory import process_memory
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.contract.image import HEADER_BYTES, build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.host.build import build_core
from firmware_bridge.ports.host.library import Library
from firmware_bridge.ports.host.microphone import Microphone
from firmware_bridge.ports.networks import Network, SimulatedNetworks
from firmware_bridge.protocol.engine import MemoryMarks
from firmware_bridge.reference.simulated_tpu import Int8Network

BUILD = "host 1"
SLOT_BYTES = 4 * 1024 * 1024
ARENA_BYTES = 1024 * 1024


def memory_marks() -> MemoryMarks:
    """Return this process's resident memory and its peak, in bytes, as far as the wire's 32 bits reach."""
    held = process_memory()
    return MemoryMarks(min(held.now, 0xFFFFFFFF), min(held.peak, 0xFFFFFFFF), 0)


class HostDevice:
    """The core, started; bytes go in, bytes come out.

    Args:
        library: The core's library for a front-end (`build_core`).
        flash: Where images and records lie; None: a device without flash, and so without a bundle.
        microphone: What it hears; None: a device without a microphone.
        updatable: Whether the flash can be written.
        network: Makes a network of a `.tflite`'s bytes.
        arena_bytes: Most that a network's arena may take.
        clock: Monotonic seconds.
        memory: Reads memory marks.

    Attributes:
        slot: The slot of flash in use after the start; -1: neither holds a bundle that runs.
    """

    def __init__(
        self,
        library: Library,
        flash: Flash | None,
        microphone: Microphone | None = None,
        updatable: bool = True,
        network: Callable[[bytes], Network] = Int8Network,
        arena_bytes: int = ARENA_BYTES,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], MemoryMarks] = memory_marks,
    ) -> None:
        self._library, self._flash, self._microphone = library, flash, microphone
        self._networks, self._clock, self._memory = SimulatedNetworks(network), clock, memory
        self._started = clock()
        self._sent = bytearray()
        self._largest = 0
        self._failure: BaseException | None = None
        self._kept: list[Any] = []  # memory and callbacks that the core holds pointers to
        slot_bytes = len(flash.content(0)) if flash is not None else 0
        # What a port has not got, it leaves out: the core then refuses what needs it.
        names = ["send", "cycles", "milliseconds", "marks", "load", "infer"]
        names += ["flash_read"] if flash is not None else []
        names += ["flash_erase", "flash_program"] if flash is not None and updatable else []
        names += ["microphone", "microphone_power"] if microphone is not None else []
        port = self._new("ut_port *", {name: self._callback(name) for name in names})
        text = {"name": BUILD, "evidence": Evidence.SIMULATED.value}
        build = {name: self._new("char[]", value.encode()) for name, value in text.items()}
        frontend = {"frontend": library.lib.ut_host_frontend()}
        frontend["frontend_hash"] = library.lib.ut_host_frontend_hash()
        limits = {"cycles_per_us": 1, "slot_bytes": slot_bytes, "arena_bytes": arena_bytes}
        self._device = self._aligned("ut_device *", library.memory["device"])
        self.slot = int(
            library.lib.ut_device_start(
                self._device,
                port,
                self._new("ut_build *", build | frontend | limits),
                self._memory_of(max(0, slot_bytes - HEADER_BYTES)),
            )
        )
        self._raise_failure()

    @classmethod
    def of_bundle(cls, bundle: Bundle, flash: Flash | None = None, **options: Any) -> HostDevice:
        """Return a device built for a bundle.

        Args:
            bundle: Decides the front-end, and what lies in slot 0 of a new flash.
            flash: A flash that holds something already.
            **options: See the class.
        """
        new = flash or Flash(SLOT_BYTES, [build_image(bundle, compiled=False)])
        return cls(Library(build_core(bundle)), new, **options)

    def receive(self, data: bytes) -> bytes:
        """Take the next bytes from the host; return the bytes to send back."""
        self._largest = max(self._largest, len(data))
        self._library.lib.ut_device_receive(self._device, data, len(data))
        return self._answer()

    def poll(self) -> None:
        """Take what the microphone has."""
        self._library.lib.ut_device_poll(self._device)
        self._raise_failure()

    def _answer(self) -> bytes:
        self._raise_failure()
        answer = bytes(self._sent)
        self._sent.clear()
        return answer

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _new(self, kind: str, value: Any) -> Any:
        made = self._library.ffi.new(kind, value)
        self._kept.append(made)
        return made

    def _aligned(self, kind: str, count: int) -> Any:
        owner, pointer = self._library.aligned(count)
        self._kept.append(owner)
        return self._library.ffi.cast(kind, pointer)

    def _memory_of(self, models_bytes: int) -> Any:
        sizes = self._library.memory
        parts = {
            "features": self._aligned("uint16_t *", sizes["features"]),
            "input": self._aligned("int8_t *", sizes["input"]),
            "models": self._aligned("uint8_t *", models_bytes),
            "capture": self._aligned("int16_t *", sizes["capture"]),
        }
        return self._new("ut_memory *", parts | {"models_bytes": models_bytes})

    def _callback(self, name: str) -> Any:
        ffi = self._library.ffi
        kind = dict(ffi.typeof("ut_port").fields)[name].type
        # What fails in Python fails on the device, and is raised again when the core returns.
        error = None if kind.result.kind == "void" else 1
        made = ffi.callback(kind, getattr(self, f"_on_{name}"), error=error, onerror=self._keep_failure)
        self._kept.append(made)
        return made

    def _keep_failure(self, _kind: Any, failure: BaseException, _trace: Any) -> None:
        self._failure = failure

    def _on_send(self, _context: Any, data: Any, count: int) -> None:
        self._sent += self._library.ffi.buffer(data, count)

    def _on_cycles(self, _context: Any) -> int:
        return time.perf_counter_ns() // 1000 & 0xFFFFFFFF

    def _on_milliseconds(self, _context: Any) -> int:
        return int(1000 * (self._clock() - self._started)) & 0xFFFFFFFF

    def _on_marks(self, _context: Any, marks: Any) -> None:
        now = self._memory()
        marks.ram_bytes, marks.ram_peak_bytes = now.ram_bytes, now.ram_peak_bytes
        marks.stack_peak_bytes, marks.receive_peak_bytes = now.stack_peak_bytes, self._largest
        marks.receive_overruns = 0

    def _on_load(
        self, _context: Any, index: int, model: Any, count: int, arena: int, inputs: int, outputs: int
    ) -> int:
        return self._networks.load(index, bytes(self._library.ffi.buffer(model, count)), inputs, outputs)

    def _on_infer(self, _context: Any, index: int, given: Any, inputs: int, output: Any, outputs: int) -> int:
        buffer = self._library.ffi.buffer
        scores = self._networks.infer(index, bytes(buffer(given, inputs)), outputs)
        if scores is None:
            return 1
        buffer(output, outputs)[:] = scores
        return 0

    def _on_flash_read(self, _context: Any, area: int, offset: int, data: Any, count: int) -> int:
        assert self._flash is not None
        found = self._flash.read(area, offset, count)
        if found is None:
            return 1
        self._library.ffi.memmove(data, found, count)
        return 0

    def _on_flash_erase(self, _context: Any, area: int) -> int:
        assert self._flash is not None
        return int(not self._flash.erase(area))

    def _on_flash_program(self, _context: Any, area: int, offset: int, data: Any, count: int) -> int:
        assert self._flash is not None
        return int(not self._flash.program(area, offset, bytes(self._library.ffi.buffer(data, count))))

    def _on_microphone(self, _context: Any, pcm: Any, most: int, lost: Any) -> int:
        assert self._microphone is not None
        samples, missed = self._microphone.take(most)
        self._library.ffi.memmove(pcm, samples.astype("<i2").tobytes(), 2 * len(samples))
        lost[0] = (lost[0] + missed) & 0xFFFFFFFF
        return len(samples)

    def _on_microphone_power(self, _context: Any, on: int) -> None:
        assert self._microphone is not None
        self._microphone.power(bool(on))
