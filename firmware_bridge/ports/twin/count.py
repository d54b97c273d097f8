"""How many instructions the core takes for its stages: counted on the twin, for one front-end or for the presets.

`undertone chip count --out FOLDER` counts them for three presets and writes `facts.json`, which `undertone chip adopt`
makes the committed one.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.progress import track
from firmware_bridge.base.toolchain import m7_compiler
from firmware_bridge.chip.facts import Count, Facts, facts_of
from firmware_bridge.contract.bundle import Bundle, load_bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.microfrontend import PRESETS
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.hollow import HollowNetworks, hollow_bundle
from firmware_bridge.ports.twin.build import Firmware, build_for, build_twin
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.registers import BOARD
from firmware_bridge.protocol import LIMITS, Frame, FrameDecoder, Kind, decode, encode, encode_frame
from firmware_bridge.protocol.messages import Result

# With and without noise reduction and gain control, and two numbers of channels: what a frame's cost depends on.
COUNTED = ("yamnet", "voice", "default")
WINDOW_MS, SECONDS, SEED = 1000, 2, 20251124
LABELS, KEYWORDS = 8, 12  # as a bundle has them: what a call costs is shared by so many weights


def count_instructions(name: str, bundle: Bundle, firmware: Firmware) -> Count:
    """Stream a segment of noise through a twin and return what each stage took.

    The networks do not matter: a stand-in gives zeros in their place.

    Args:
        name: Of the front-end, for people.
        bundle: Its front-end, windows and fusion head.
        firmware: Built for it.

    Raises:
        FirmwareFault: The firmware did what no firmware may do.
    """
    manifest = bundle.manifest
    spec = manifest.frontend
    samples = max(SECONDS * 1000, manifest.window_ms) * spec.sample_rate_hz // 1000
    pcm = np.random.default_rng(SEED).normal(0, 3000, samples).astype(np.int16)
    flash = Flash(BOARD["SLOT_BYTES"], [build_image(bundle, compiled=False)])
    twin = Twin(firmware, flash, networks=HollowNetworks())
    twin.boot()
    result = _ask(twin, pcm)
    values = spec.frames(manifest.window_ms * spec.sample_rate_hz // 1000) * spec.channels
    weights = len(manifest.labels) * (len(manifest.labels) + len(manifest.keywords))
    windows = result.windows
    return Count(
        name=name,
        frontend=spec.table_hash,
        channels=spec.channels,
        levels=spec.pcan is not None and spec.noise_reduction is not None,
        frame=round(result.features_cycles / spec.frames(samples), 1),
        scaled_value=round(result.scaling_cycles / windows / values, 2),
        fusion_weight=round(result.fusion_cycles / windows / weights, 2),
    )


def _ask(twin: Twin, pcm: NDArray[np.int16]) -> Result:
    step = LIMITS["chunk_samples"]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("hello", {"session": 1}),
        ("begin", {"segment": 1, "samples": len(pcm)}),
        *(
            ("audio", {"segment": 1, "offset": at, "pcm": pcm[at : at + step]})
            for at in range(0, len(pcm), step)
        ),
        ("end", {"segment": 1, "checksum": zlib.crc32(pcm.tobytes())}),
    ]
    received = b""
    for sequence, (name, fields) in enumerate(asked, start=1):
        received = twin.receive(
            encode_frame(Frame(int(Kind[name.upper()]), sequence, encode(name, **fields)))
        )
    (answer,) = FrameDecoder().push(received)
    assert isinstance(answer, Frame)
    result = decode(answer.kind, answer.payload)
    assert isinstance(result, Result), result
    return result


def count_presets(names: Sequence[str] = COUNTED) -> Facts:
    """Build the twin for presets, count, and return the facts; memory is the first one's.

    Args:
        names: Presets of the front-end.

    Raises:
        EnvironmentLacking: There is no compiler for the Cortex-M7.
    """
    counts, built = [], []
    for name in track(names, "counting instructions"):
        with tempfile.TemporaryDirectory() as folder:
            bundle = hollow_bundle(Path(folder), PRESETS[name], WINDOW_MS, WINDOW_MS, LABELS, KEYWORDS)
            built.append(build_for(bundle.manifest))
            counts.append(count_instructions(name, bundle, built[-1]))
    return facts_of(
        "twin", m7_compiler().label, counts[0].frontend, built[0].regions, instructions=tuple(counts)
    )


def build_counted(bundle_dir: Path, out_dir: Path) -> Firmware:
    """Build the twin for a bundle, count its stages, and write both down as the build's facts.

    Args:
        bundle_dir: Directory of the bundle.
        out_dir: Where to build.

    Raises:
        UndertoneError: What `build_twin` raises.
    """
    bundle = load_bundle(bundle_dir)
    built = build_twin(bundle_dir, out_dir)
    count = count_instructions(bundle.manifest.name, bundle, built)
    facts_of("twin", m7_compiler().label, count.frontend, built.regions, instructions=(count,)).write(out_dir)
    return built
