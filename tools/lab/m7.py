"""The front-end's C core on an emulated Cortex-M7: the same bits, and how many instructions they cost.

The core is compiled with the `ziglang` package (clang) for the Cortex-M7 with its packed instructions and
single-precision FPU, and run on Unicorn. Instructions are counted, not cycles: an emulator knows no time.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.toolchain import NATIVE, run_compiler
from firmware_bridge.microfrontend import FrontendSpec
from firmware_bridge.microfrontend.build import CORE, sources
from firmware_bridge.microfrontend.emit import c_source
from firmware_bridge.ports.twin.counter import attach_counter, by_function
from firmware_bridge.ports.twin.elf import Image, read_elf

STACK, STACK_BYTES = 0x7000_0000, 0x1_0000
EXIT = 0x6000_0000  # where the program returns to
PAGE = 0x1000
TARGET = ("-target", "thumb-linux-musleabihf", "-mcpu=cortex_m7+fp_armv8d16sp")
FLAGS = (
    "-std=gnu99",
    "-O2",
    "-ffp-contract=off",
    "-fno-sanitize=all",
    "-fno-builtin",
    "-nostdlib",
    "-static",
)
LINK = ("-ffunction-sections", "-fno-unwind-tables", "-fno-pic", "-no-pie", "-Wl,-e,run", "-Wl,--gc-sections")
MAIN = """
#include "microfrontend.h"
extern const ut_tables frontend;
ut_state state;
int16_t pcm[{samples}];
uint16_t out[{values}];
void *memset(void *to, int value, size_t count) {{
    volatile char *at = to;
    while (count-- > 0) {{ *at++ = (char)value; }}
    return to;
}}
void *memcpy(void *to, const void *from, size_t count) {{
    volatile char *at = to;
    const char *source = from;
    while (count-- > 0) {{ *at++ = *source++; }}
    return to;
}}
void *memmove(void *to, const void *from, size_t count) {{ /* the core only moves samples downwards */
    return memcpy(to, from, count);
}}
__attribute__((used)) uint32_t run(uint32_t samples) {{
    ut_reset(&state);
    return (uint32_t)ut_push(&frontend, &state, pcm, samples, out);
}}
"""


@dataclass(frozen=True)
class M7Run:
    """What one clip took.

    Attributes:
        features: uint16[frames, channels].
        instructions: Instructions retired, all frames together.
        by_function: The same, per function.
        code_bytes: Machine code of the core.
        table_bytes: Constants.
        state_bytes: One stream's state and working memory.
    """

    features: NDArray[np.uint16]
    instructions: int
    by_function: dict[str, int]
    code_bytes: int
    table_bytes: int
    state_bytes: int

    @property
    def per_frame(self) -> float:
        """Instructions per frame."""
        return self.instructions / max(1, len(self.features))


def build_image(spec: FrontendSpec, samples: int) -> Path:
    """Return an ELF image of the core with a spec's tables, for clips of so many samples; built if need be.

    Raises:
        EnvironmentLacking: If the package `ziglang` is missing, or the compiler fails.
    """
    values = max(1, spec.frames(samples) * spec.channels)
    texts = {"tables.c": c_source(spec), "main.c": MAIN.format(samples=max(1, samples), values=values)}
    limits = (f"-DUT_MAX_WINDOW={spec.fft_size}", f"-DUT_MAX_CHANNELS={spec.channels}")
    flags = [*TARGET, *FLAGS, *LINK, *limits, f"-I{CORE}"]
    digest = hashlib.sha256(" ".join([*flags, *texts.values()]).encode())
    for file in sorted(CORE.iterdir()):
        digest.update(file.read_bytes())
    folder = NATIVE / f"m7-{digest.hexdigest()[:16]}"
    image = folder / "frontend.elf"
    if image.exists():
        return image
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    with atomic_path(image) as temporary:
        files = [*sources(), *(folder / name for name in texts)]
        line = [sys.executable, "-m", "ziglang", "cc", *flags, *map(str, files), "-o", str(temporary)]
        run_compiler(line, "the Cortex-M7 build failed", "run: make setup (installs ziglang)", temporary)
    return image


def run_clip(spec: FrontendSpec, pcm: NDArray[np.int16]) -> M7Run:
    """Compute a clip's features on the emulated Cortex-M7.

    Args:
        spec: The front-end; its FFT length and channels size the state.
        pcm: int16[samples].

    Raises:
        EnvironmentLacking: If `unicorn` or `ziglang` is missing.
    """
    try:
        import unicorn
        from unicorn import arm_const
    except ImportError as error:
        raise EnvironmentLacking("the package unicorn is not installed", "run: make setup") from error
    image = read_elf(build_image(spec, len(pcm)))
    names = image.symbols
    machine: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    machine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
    _load(machine, image)
    machine.mem_map(STACK, STACK_BYTES)
    machine.mem_map(EXIT, PAGE)
    machine.mem_write(names["pcm"].address, pcm.tobytes())
    low = min(one.address for one in image.functions.values())
    high = max(one.address + one.size for one in image.functions.values())
    counter = attach_counter(machine, low, bytes(machine.mem_read(low, high - low)))
    machine.reg_write(arm_const.UC_ARM_REG_SP, STACK + STACK_BYTES)
    machine.reg_write(arm_const.UC_ARM_REG_LR, EXIT | 1)
    machine.reg_write(arm_const.UC_ARM_REG_R0, len(pcm))
    try:
        machine.emu_start(names["run"].address | 1, EXIT)
    except unicorn.UcError as error:
        # Unicorn reports the return to a page without code as an exception; anywhere else it is one.
        if machine.reg_read(arm_const.UC_ARM_REG_PC) & ~1 != EXIT:
            raise EnvironmentLacking(f"the emulated program crashed: {error}", "report this") from error
    frames = machine.reg_read(arm_const.UC_ARM_REG_R0)
    raw = machine.mem_read(names["out"].address, frames * spec.channels * 2)
    return M7Run(
        features=np.frombuffer(bytes(raw), dtype="<u2").reshape(frames, spec.channels),
        instructions=counter.retired,
        by_function=by_function(counter, image.functions),
        code_bytes=sum(one.size for one in image.functions.values()),
        table_bytes=sum(one.size for name, one in names.items() if name.startswith("frontend")),
        state_bytes=names["state"].size,
    )


def _load(machine: Any, image: Image) -> None:
    """Map the pages of an image's loadable parts, and fill them."""
    pages = {
        page
        for part in image.segments
        for page in range(part.address // PAGE, (part.address + part.size - 1) // PAGE + 1)
    }
    for page in sorted(pages):
        machine.mem_map(page * PAGE, PAGE)
    for part in image.segments:
        machine.mem_write(part.address, part.data)
