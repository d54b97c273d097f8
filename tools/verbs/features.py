"""`undertone features`: the spectrogram of a sound file, as the chip computes it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tools import console, options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from firmware_bridge.microfrontend import FrontendSpec


def choose_spec(text: str) -> FrontendSpec:
    """Return the front-end that `--preset` names: a preset, or `mltk:FILE`.

    Raises:
        UnknownName: If there is no such preset.
        InvalidSetting: If the MLTK file is not one.
    """
    from firmware_bridge.microfrontend import preset
    from firmware_bridge.microfrontend.mltk import from_mltk, read_settings

    kind, _, file = text.partition(":")
    return from_mltk(read_settings(Path(file))) if kind == "mltk" and file else preset(text)


def plot_png(features: NDArray[np.uint16], spec: FrontendSpec, title: str) -> bytes:
    """Return a PNG of a spectrogram.

    Args:
        features: uint16[frames, channels].
        spec: Where they come from.
        title: Stands above the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    seconds = len(features) * spec.step_ms / 1000
    image = axes.imshow(
        features.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0, max(seconds, 1e-3), 0, spec.channels),
    )
    axes.set(xlabel="s", ylabel="mel channel", title=title)
    figure.colorbar(image, ax=axes, label="feature")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


@click.command(name="features")
@click.argument("wav", type=click.Path(path_type=Path))
@click.option(
    "--preset", default="yamnet", show_default=True, help="default|yamnet|voice|micro_speech|mltk:FILE"
)
@click.option("--out", type=click.Path(path_type=Path), help="write uint16[frames, channels] as .npy")
@click.option("--plot", type=click.Path(path_type=Path), help="write a picture as .png")
@options.as_json()
def command(wav: Path, preset: str, out: Path | None, plot: Path | None, as_json: bool) -> int:
    """Compute the features of WAV (any sound file) bit for bit as the chip does."""
    import numpy as np

    from firmware_bridge.base.files import write_bytes
    from firmware_bridge.microfrontend import MicroFrontend
    from firmware_bridge.sound.audio import read_audio

    spec = choose_spec(preset)
    audio = read_audio(wav)
    pcm, notes = at_rate(audio.pcm, spec.sample_rate_hz)
    frontend = MicroFrontend(spec)
    features = frontend.process(pcm)
    result: dict[str, Any] = {
        "file": str(wav),
        "seconds": round(audio.seconds, 6),
        "notes": [*audio.notes, *notes],
        "preset": preset,
        "spec": spec.model_dump(mode="json"),
        "table_hash": spec.table_hash,
        "backend": frontend.backend,
        "frames": len(features),
        "channels": spec.channels,
        "min": int(features.min()) if features.size else None,
        "max": int(features.max()) if features.size else None,
        "mean": float(features.mean()) if features.size else None,
        "features_sha256": hashlib.sha256(features.astype("<u2").tobytes()).hexdigest(),
    }
    if out is not None:
        buffer = io.BytesIO()
        np.save(buffer, features, allow_pickle=False)
        write_bytes(out, buffer.getvalue())
        result["out"] = str(out)
    if plot is not None:
        write_bytes(plot, plot_png(features, spec, f"{wav.name}, {preset}"))
        result["plot"] = str(plot)
    if as_json:
        console.emit_json(result)
        return 0
    shown = ("seconds", "frames", "channels", "min", "max", "mean", "backend", "table_hash", "out", "plot")
    rows = [(name, result[name]) for name in shown if name in result]
    console.emit_table(f"{wav} through the front-end '{preset}'", ("", "value"), rows)
    for note in result["notes"]:
        console.log(f"converted: {note}")
    return 0


def at_rate(pcm: NDArray[np.int16], rate: int) -> tuple[NDArray[np.int16], list[str]]:
    """Return 16 kHz audio at another rate, and a note where that took a conversion."""
    from firmware_bridge.sound.audio import SAMPLE_RATE_HZ, to_float, to_pcm16

    if rate == SAMPLE_RATE_HZ:
        return pcm, []
    import soxr

    return to_pcm16(soxr.resample(to_float(pcm), SAMPLE_RATE_HZ, rate)), [f"{SAMPLE_RATE_HZ} Hz to {rate} Hz"]
