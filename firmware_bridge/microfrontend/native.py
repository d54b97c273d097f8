"""The C core behind cffi: no copies of audio or features, the interpreter's lock released while it computes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend.build import frontend_library
from firmware_bridge.microfrontend.emit import SCALING_KINDS, core_arrays, core_integers
from firmware_bridge.microfrontend.scaling import InputScaling
from firmware_bridge.microfrontend.spec import FrontendSpec

ALIGNMENT = 64  # bytes: the widest vector register

DECLARATIONS = """
typedef struct {
    int32_t window_size, step, fft_size, channels, mel_start, correction_bits, log_shift, noise_bits,
            even_smoothing, odd_smoothing, min_remaining, pcan_snr_shift, dc_notch, activity_shift,
            activity_alpha_a, activity_alpha_b, activity_arm, activity_trip;
    const int16_t *window;
    const uint16_t *order;
    const int16_t *twiddles, *split_twiddles, *mel_ends, *mel_weights, *mel_unweights;
    const uint32_t *pcan_pieces, *log_pieces;
} ut_tables;
typedef struct ut_state ut_state;
int32_t ut_check(const ut_tables *tables);
void ut_reset(ut_state *state);
size_t ut_frames_ready(const ut_tables *tables, const ut_state *state, size_t samples);
size_t ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples, uint16_t *out);
void ut_batch(const ut_tables *tables, ut_state *state, const int16_t *const *pcm, const size_t *samples,
              uint16_t *const *out, size_t clips);
int32_t ut_activity_detected(ut_state *state);
typedef struct { int32_t kind, offset, multiplier, shift, span; } ut_scaling;
void ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out);
size_t ut_state_bytes(void);
int32_t ut_lanes(void);
"""


class Core:
    """A loaded library of the core."""

    def __init__(self, path: Path) -> None:
        from cffi import FFI

        self.path = path
        self.ffi = FFI()
        self.ffi.cdef(DECLARATIONS)
        self.lib = self.ffi.dlopen(str(path))
        self.lanes: int = self.lib.ut_lanes()
        self.state_bytes: int = self.lib.ut_state_bytes()

    def pointer(self, kind: str, array: NDArray[Any]) -> Any:
        """Return a C pointer to an array's data; the array must outlive it."""
        return self.ffi.cast(f"{kind} *", array.ctypes.data)

    def scale(self, scaling: InputScaling, window: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Return the int8 input of one window as the chip computes it; equal to `scaling.apply`."""
        features = np.ascontiguousarray(window)
        out = np.empty(features.shape, dtype=np.int8)
        kind = SCALING_KINDS.index(scaling.kind)
        numbers = (scaling.offset, scaling.multiplier, scaling.shift, scaling.span)
        settings = self.ffi.new("ut_scaling *", (kind, *numbers))
        source, target = self.pointer("uint16_t", features), self.pointer("int8_t", out)
        self.lib.ut_scale(settings, source, features.size, target)
        return out


@lru_cache(maxsize=1)
def load_core() -> Core:
    """Return the core of this machine, built if need be.

    Raises:
        EnvironmentLacking: If there is no C compiler.
    """
    return Core(frontend_library())


class NativeTables:
    """The tables of a spec as the core wants them; shared by all its streams.

    Raises:
        InvalidSetting: If the core refuses them.
    """

    def __init__(self, core: Core, spec: FrontendSpec) -> None:
        self.arrays = core_arrays(spec)  # kept: the struct points into them
        pointers = {name: core.pointer(f"{array.dtype}_t", array) for name, array in self.arrays.items()}
        self.struct = core.ffi.new("ut_tables *", {**core_integers(spec), **pointers})
        bad = core.lib.ut_check(self.struct)
        if bad:
            raise InvalidSetting(f"the C core refuses this front-end (check {bad})", "see core/check.c")


class NativeStream:
    """A stream of the C core, with its state."""

    def __init__(self, core: Core, spec: FrontendSpec, tables: NativeTables) -> None:
        self._core, self._spec, self._tables = core, spec, tables
        memory = np.zeros(core.state_bytes + ALIGNMENT, dtype=np.uint8)
        self._memory = memory[-memory.ctypes.data % ALIGNMENT :]
        self._state = core.pointer("ut_state", self._memory)

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._core.lib.ut_reset(self._state)

    def activity_detected(self) -> bool:
        """Return whether the activity detector tripped since this was last asked."""
        return bool(self._core.lib.ut_activity_detected(self._state))

    def push(self, pcm: NDArray[np.int16]) -> NDArray[np.uint16]:
        """Take contiguous int16[samples] and return the frames that it completes, uint16[frames, channels]."""
        core = self._core
        frames = core.lib.ut_frames_ready(self._tables.struct, self._state, len(pcm))
        out = np.empty((frames, self._spec.channels), dtype=np.uint16)
        source, target = core.pointer("int16_t", pcm), core.pointer("uint16_t", out)
        core.lib.ut_push(self._tables.struct, self._state, source, len(pcm), target)
        return out

    def batch(
        self,
        clips: Sequence[NDArray[np.int16]],
        lengths: NDArray[np.intp],
        block: NDArray[np.uint16],
        starts: NDArray[np.intp],
    ) -> None:
        """Compute whole clips, each from a fresh state, in one call.

        Args:
            clips: Contiguous int16[samples] each.
            lengths: Contiguous, [clips]: samples of each.
            block: Contiguous uint16[frames, channels]: the frames of these clips, and of others perhaps.
            starts: [clips]: in which row of `block` the frames of each begin.
        """
        core, ffi = self._core, self._core.ffi
        kind = ffi.typeof("int16_t[]")
        # `from_buffer` takes a sixth of the time of `pointer`: a batch may have thousands of short clips.
        sources = ffi.new("int16_t *[]", [ffi.from_buffer(kind, clip) for clip in clips])
        addresses = block.ctypes.data + starts * block.strides[0]
        sizes, targets = core.pointer("size_t", lengths), core.pointer("uint16_t *", addresses)
        core.lib.ut_batch(self._tables.struct, self._state, sources, sizes, targets, len(clips))
