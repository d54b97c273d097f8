"""The closing table of a build."""

from __future__ import annotations

import json
from typing import Any

from firmware_bridge.base.evidence import Quantity
from firmware_bridge.contract.bundle import Bundle
from tools import console

# Rows of the table: what it says, the figure's name, and the figure shown beside it.
ROWS: tuple[tuple[str, str, str | None], ...] = (
    ("parameters, acoustic", "parameters_acoustic", None),
    ("parameters, keyword", "parameters_keyword", None),
    ("bytes, acoustic", "bytes_acoustic", None),
    ("bytes, keyword", "bytes_keyword", None),
    ("teacher", "teacher_uar", "teacher_macro_f1"),
    ("student, float", "student_float_uar", "student_float_macro_f1"),
    ("student, int8", "student_int8_uar", "student_int8_macro_f1"),
    ("  always the commonest class", "majority_uar", "majority_macro_f1"),
    ("  guessing by the priors", "prior_uar", "prior_macro_f1"),
    ("int8 agrees with float", "int8_agreement", None),
    ("distillation: validation | test", "distillation_gain_validation", "distillation_gain_test"),
    ("keyword: alone | beside speech", "keyword_accuracy", "keyword_accuracy_composed"),
    ("composed, acoustic alone", "composed_acoustic_uar", "composed_acoustic_macro_f1"),
    ("composed, keyword alone", "composed_keyword_uar", "composed_keyword_macro_f1"),
    ("composed, FUSED", "composed_fused_uar", "composed_fused_macro_f1"),
    ("  control, shuffled keywords", "composed_control_uar", "composed_control_macro_f1"),
    ("  best possible (Bayes)", "composed_bayes_uar", "composed_bayes_macro_f1"),
    ("fusion gain | best possible", "gain_fused", "gain_bayes"),
    ("  share of the best possible", "gain_share_of_bayes", None),
    ("  with shuffled keywords", "gain_control", None),
    ("TPU bytes: on chip | streamed", "on_chip_bytes", "off_chip_bytes"),
    ("operations off the TPU", "ops_off_tpu", None),
    ("latency of both networks", "latency", None),
)


def shown(figure: Quantity) -> str:
    """Return a figure as `57.1 %` or `1,234`, with its interval where it has one."""
    value, unit = figure.value, figure.unit
    number = f"{value:,.0f}" if float(value).is_integer() and unit != "%" else f"{value:,.1f}"
    unit = f" {unit}" if unit not in ("", "bytes", "points") else ""
    spread = f" [{figure.interval[0]:.0f}..{figure.interval[1]:.0f}]" if figure.interval else ""
    return f"{number}{unit}{spread}"


def table_rows(bundle: Bundle) -> list[tuple[str, str, str, str]]:
    """Return the rows (what, first figure, second figure, evidence) of the closing table."""
    figures, speech = bundle.manifest.figures, bundle.manifest.speech
    rows = []
    for title, first, second in ROWS:
        one = figures[first]
        evidence = one.evidence.value
        tag = f"{evidence}, synthetic" if speech == "synthetic" and "speech" in one.source else evidence
        rows.append((title, shown(one), shown(figures[second]) if second else "", tag))
    return rows


def layer_line(ranked: dict[str, Any]) -> str:
    """Say which foundation layer the teacher listens to, by probe and by saliency.

    Args:
        ranked: `layers.json` of the build: the chosen layer and every layer's scores.
    """
    layers = {one["layer"]: one for one in ranked["layers"]}
    chosen, salient = ranked["chosen"], max(layers.values(), key=lambda one: float(one["saliency"]))
    percent = {name: f"{100 * one['probe_uar']:.0f} %" for name, one in layers.items()}
    return (
        f"Teacher hears {', '.join(ranked['heard'])} of {ranked['encoder']}, chosen by training speakers: a probe on "
        f"{chosen} reaches {percent[chosen]} UAR. Saliency alone would take {salient['layer']} "
        f"({percent[salient['layer']]}). See layers.png."
    )


def compiled_line(bundle: Bundle) -> str:
    """Say who made the files that a board would run."""
    says = {
        "": "none (a board cannot run this bundle)",
        "measured": "made by the real compiler",
        "derived": "derived from a template: no compiler made it, and it has run on no chip",
    }
    found = [
        f"{name} {says[m.compiled_evidence or ('measured' if m.compiled else '')]}"
        for name, m in bundle.manifest.models.items()
    ]
    return f"Compiled networks: {'; '.join(found)}."


def stored_ranking(bundle: Bundle) -> dict[str, Any] | None:
    """Return the layer ranking that a bundle carries, None where no foundation model was used."""
    if "scorecards.json" not in bundle.manifest.files:
        return None
    stored = json.loads((bundle.directory / "scorecards.json").read_text())
    found: dict[str, Any] | None = stored.get("layers")
    return found


def show_bundle(bundle: Bundle) -> None:
    """Print the closing table, what it rests on, and the licences."""
    manifest = bundle.manifest
    if manifest.speech == "synthetic":
        console.emit_text("SYNTHETIC speech: every score below is about synthetic voices, not about people.")
    console.emit_table(
        f"Bundle {manifest.name} {bundle.id[:12]}",
        ("figure", "UAR (or as named)", "macro-F1 (…)", "evidence"),
        table_rows(bundle),
    )
    split = manifest.split
    console.emit_text(
        f"Scores: {len(split.test)} test speakers, on whom nothing was trained or selected"
        f" ({len(split.train)} trained, {len(split.validation)} selected on); intervals: 95 %."
    )
    console.emit_text(compiled_line(bundle))
    if ranked := stored_ranking(bundle):
        console.emit_text(layer_line(ranked))
    for item in manifest.licences:
        terms = "" if item.commercial else "  NO COMMERCIAL USE"
        console.emit_text(f"Licence of {item.kind} {item.name}: {item.licence}{terms}")
    console.emit_text(f"Bundle: {bundle.directory} (and .zip)")
