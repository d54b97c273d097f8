"""`undertone alignment`: golden vectors through every implementation of the front-end, and the verdict in LSB.

Each stock library is compared with ours in its own table precision; each pair on every signal that it can take.
"""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.files import write_bytes, write_json
from firmware_bridge.base.paths import BUILD
from firmware_bridge.base.progress import track
from firmware_bridge.base.templates import render
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, MicroFrontend
from firmware_bridge.microfrontend.golden import SAMPLES, golden_signals
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch
from tools.lab.bench_frontend import load_clips
from tools.lab.m7 import run_clip
from tools.lab.oracles import Mltk, available, version

Features = NDArray[np.uint16]
Picture = tuple[str, str]  # its title, and the PNG in base64
Implementation = tuple[str, FrontendSpec, Any]
SHOWN = ("full-scale noise", "bursts", "clip 0")  # signals with a picture in the report
SPECS = {
    **PRESETS,
    "pymicro": FrontendSpec(step_ms=10),
    "mltk": FrontendSpec(step_ms=10, dc_notch=DcNotch(), activity=ActivityDetection()),
}
OUT = BUILD / "alignment"
TEMPLATE = Path(__file__).with_name("templates") / "alignment.html"


@dataclass(frozen=True)
class Row:
    """One implementation against our C core, over all signals.

    Attributes:
        preset: Which front-end.
        implementation: Who is compared with the core.
        tables: In which precision.
        signals: How many signals.
        values: How many features.
        differing: How many of them differ.
        alignment_lsb: The greatest difference.
    """

    preset: str
    implementation: str
    tables: str
    signals: int
    values: int
    differing: int
    alignment_lsb: int


def implementations(spec: FrontendSpec, oracles: list[Any]) -> Iterator[Implementation]:
    """Yield name, spec and function of all that can compute `spec`, each in its own table precision."""
    for tables in ("double", "float", "mixed"):
        own = spec.model_copy(update={"tables": tables})
        yield "NumPy reference", own, MicroFrontend(own, "reference").process
    if importlib.util.find_spec("unicorn"):
        yield "C core, emulated M7", spec, partial(on_the_m7, spec)
    for oracle in oracles:
        if oracle.supports(spec):
            own = spec.model_copy(update={"tables": oracle.tables})
            yield (
                f"{oracle.name} {version(oracle)}",
                own,
                lambda pcm, oracle=oracle, own=own: oracle.process(pcm, own),
            )


def on_the_m7(spec: FrontendSpec, pcm: NDArray[np.int16]) -> Features | None:
    """Return features computed on the emulated chip; None for all but one-second signals.

    The emulated program holds its clip in an array, so each length would be a build of its own.
    """
    return run_clip(spec, pcm).features if len(pcm) == SAMPLES else None


def compare(
    name: str, implementation: Implementation, signals: dict[str, NDArray[np.int16]]
) -> tuple[Row, dict[str, tuple[Features, Features]]]:
    """Return the verdict on one implementation, and the features of the signals that are shown."""
    who, spec, process = implementation
    core = MicroFrontend(spec, "native")
    compared = values = differing = worst = 0
    shown = {}
    for kind, pcm in signals.items():
        ours, theirs = core.process(pcm), process(pcm)
        if theirs is None:
            continue
        compared += 1
        gap = np.abs(ours.astype(np.int64) - theirs)
        values += gap.size
        differing += int((gap > 0).sum())
        worst = max(worst, int(gap.max(initial=0)))
        if kind in SHOWN:
            shown[kind] = (ours, theirs)
    return Row(name, who, spec.tables, compared, values, differing, worst), shown


def picture(title: str, ours: Features, theirs: Features) -> Picture:
    """Return a picture of our spectrogram, theirs, and the map of their difference."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2.2), layout="constrained")
    FigureCanvasAgg(figure)
    gap = np.abs(ours.astype(np.int64) - theirs)
    panels = (
        ("C core", ours, "magma"),
        (title, theirs, "magma"),
        (f"difference, max {gap.max(initial=0)} LSB", gap, "gray"),
    )
    for axes, (label, values, colours) in zip(figure.subplots(1, 3), panels, strict=True):
        top = 1 if colours == "gray" else None
        axes.imshow(values.T, origin="lower", aspect="auto", cmap=colours, vmin=0, vmax=top)
        axes.set_title(label, fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80, metadata={"Software": None})
    return title, base64.b64encode(buffer.getvalue()).decode()


def page(verdict: Verdict) -> str:
    """Return the report as one self-contained HTML page."""
    return render(
        TEMPLATE,
        escape=True,
        columns=[column.name for column in fields(Row)],
        rows=[asdict(row) for row in verdict.rows],
        pictures=verdict.pictures,
        notes=verdict.notes,
        good=verdict.aligned,
    )


@dataclass(frozen=True)
class Verdict:
    """All implementations against our C core.

    Attributes:
        rows: One for each implementation and front-end.
        notes: What the signals were, and who could not be compared.
        pictures: Of the signals that are shown.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    pictures: tuple[Picture, ...] = field(repr=False)

    @property
    def aligned(self) -> bool:
        """Whether no value differs."""
        return all(row.differing == 0 for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data; without the pictures."""
        return {
            "aligned": self.aligned,
            "alignment_lsb": max(row.alignment_lsb for row in self.rows),
            "notes": list(self.notes),
            "rows": [asdict(row) for row in self.rows],
        }


def align(clips: int) -> Verdict:
    """Compute the golden signals and recordings by every implementation at hand, and compare.

    Args:
        clips: How many recordings beside the golden signals; 0 for all.
    """
    oracles, missing = available()
    real, what = load_clips(clips)
    signals = golden_signals() | {f"clip {index}": clip for index, clip in enumerate(real)}
    jobs = [(name, one) for name, spec in SPECS.items() for one in implementations(spec, list(oracles))]
    rows: list[Row] = []
    pictures: list[Picture] = []
    for name, implementation in track(jobs, "comparing front-ends"):
        row, shown = compare(name, implementation, signals)
        rows.append(row)
        if name in ("default", "yamnet", "mltk"):
            pictures += [
                picture(f"{row.implementation}, {name}, {kind}", *pair) for kind, pair in shown.items()
            ]
    notes = [f"signals: {len(golden_signals())} golden, {what}"]
    notes += [f"not compared: {line}" for line in missing]
    if not any(isinstance(oracle, Mltk) for oracle in oracles):
        notes.append("MLTK's wrapper is fetched by: make alignment")
    return Verdict(tuple(rows), tuple(notes), tuple(pictures))


def write_report(verdict: Verdict, out: Path) -> Path:
    """Write `report.json` and `report.html`; return the latter.

    Args:
        verdict: What `align` gave.
        out: The folder.
    """
    write_json(out / "report.json", verdict.as_dict())
    write_bytes(out / "report.html", page(verdict).encode())
    return out / "report.html"
