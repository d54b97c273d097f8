"""`undertone list`: corpora, recipes, parts, front-end presets, bundles and devices at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from firmware_bridge.base.paths import BUNDLES
from tools import console, options

KINDS = ("corpora", "recipes", "parts", "presets", "bundles", "devices")


def corpora() -> list[dict[str, Any]]:
    """Return one entry per corpus: name, task, state, folder, clips, speakers, licence, summary."""
    import train.corpora
    from firmware_bridge.base.errors import UndertoneError

    found = []
    for name, reader in train.corpora.READERS.items():
        entry: dict[str, Any] = {"name": name, "task": reader.task, "summary": reader.summary}
        entry |= {"state": "missing", "folder": None, "clips": None, "speakers": None, "licence": None}
        if reader.default is not None and not reader.default.is_dir():
            entry["state"] = "made on first use"
        else:
            try:
                corpus = train.corpora.load_corpus(name)
            except UndertoneError as error:
                if _folder_of(name) is not None:
                    entry |= {"state": "unusable", "folder": str(_folder_of(name)), "why": error.what}
            else:
                entry |= {
                    "state": "found" if any(clip.has_audio for clip in corpus.clips) else "labels only",
                    "folder": str(corpus.root),
                    "clips": sum(clip.has_audio for clip in corpus.clips),
                    "speakers": len(corpus.speakers) if corpus.speakers_known else None,
                    "licence": corpus.licence,
                    "commercial": corpus.commercial,
                    "origin": corpus.origin,
                }
        found.append(entry)
    return found


def _folder_of(name: str) -> Path | None:
    """Return the folder in which a corpus is looked for, None where there is none."""
    from train.corpora.registry import find_data, find_reader

    reader = find_reader(name)
    if reader.default is not None:
        return reader.default if reader.default.is_dir() else None
    return next((path for folder in reader.folders if (path := find_data(folder))), None)


def recipes() -> list[dict[str, Any]]:
    """Return name, kind and corpora of each recipe that ships with the project."""
    from tools.pipeline.recipe import load_recipe, recipe_names

    return [
        {
            "name": recipe.name,
            "kind": recipe.kind,
            "emotion_corpus": recipe.emotion_corpus,
            "keyword_corpus": recipe.keyword_corpus,
            "keywords": list(recipe.composed.words),
            "window_ms": recipe.window.window_ms,
        }
        for recipe in map(load_recipe, recipe_names())
    ]


def parts() -> list[dict[str, Any]]:
    """Return what a recipe may name, room by room."""
    from train.augment import AUGMENTS
    from train.features import FEATURES
    from train.keyword import KEYWORD_NETWORKS
    from train.objectives import OBJECTIVES
    from train.protocols import PROTOCOLS
    from train.student import STUDENTS
    from train.teacher import TEACHERS

    rooms = (OBJECTIVES, FEATURES, TEACHERS, STUDENTS, KEYWORD_NETWORKS, AUGMENTS, PROTOCOLS)
    return [
        {"kind": room.kind, "name": name, "summary": part.summary}
        for room in rooms
        for name, part in room.items()
    ]


def presets() -> list[dict[str, Any]]:
    """Return the named front-ends."""
    from firmware_bridge.microfrontend import PRESETS

    return [
        {
            "name": name,
            "window_ms": spec.window_ms,
            "step_ms": spec.step_ms,
            "channels": spec.channels,
            "lower_hz": spec.lower_hz,
            "upper_hz": spec.upper_hz,
            "noise_reduction": spec.noise_reduction is not None,
            "pcan": spec.pcan is not None,
        }
        for name, spec in PRESETS.items()
    ]


def bundles(folder: Path | None = None) -> list[dict[str, Any]]:
    """Return the bundles that were built, the newest first; damaged ones say why.

    Args:
        folder: Where they lie; `build/bundles` by default.
    """
    from firmware_bridge.base.errors import BundleInvalid
    from firmware_bridge.contract.bundle import MANIFEST, load_bundle

    places = [path.parent for path in (folder or BUNDLES).glob(f"*/{MANIFEST}")]
    found = []
    for place in sorted(places, key=lambda path: -path.stat().st_mtime):
        entry: dict[str, Any] = {"folder": str(place), "name": place.name}
        try:
            bundle = load_bundle(place)
        except BundleInvalid as error:
            found.append(entry | {"state": "damaged", "why": error.what})
            continue
        manifest = bundle.manifest
        entry |= {"state": "whole", "id": bundle.id, "name": manifest.name, "labels": manifest.labels}
        uar = manifest.figures.get("student_int8_uar")
        entry |= {"speech": manifest.speech, "uar": uar.value if uar else None}
        found.append(entry | {"commercial": manifest.commercial, "corpus": sorted(manifest.corpus)})
    return found


def devices() -> list[dict[str, Any]]:
    """Return what `--dut` takes, and the serial ports with what is known of them."""
    from hil.devices import available
    from tools.board.usb import MEANING
    from tools.health.board import describe_port
    from tools.health.system import System

    found: list[dict[str, Any]] = [{"name": name, "what": what} for name, what in available().items()]
    system = System()
    for board in system.boards():
        name = f"USB {board.serial or board.place}"
        found.append(
            {"name": name, "what": f"{board.usb}, {MEANING[board.state]}"} | {"board": board.as_dict()}
        )
    for port in system.ports():
        found.append({"name": f"board:{port.device}", "what": f"serial port, {describe_port(port)}"})
    return found


LISTS = {
    "corpora": corpora,
    "recipes": recipes,
    "parts": parts,
    "presets": presets,
    "bundles": bundles,
    "devices": devices,
}


@click.command(name="list")
@click.argument("kinds", nargs=-1)
@options.as_json()
def command(kinds: tuple[str, ...], as_json: bool) -> None:
    """List what there is. KINDS: corpora, recipes, parts, presets, bundles, devices; all by default."""
    from firmware_bridge.base.errors import UnknownName

    for kind in kinds:
        if kind not in LISTS:
            raise UnknownName("kind of thing", kind, KINDS)
    found = {kind: LISTS[kind]() for kind in KINDS if not kinds or kind in kinds}
    if as_json:
        console.emit_json(found)
        return
    for kind, entries in found.items():
        _show(kind, entries)


# Columns of the tables for people; the JSON has everything.
COLUMNS = {
    "corpora": ("name", "task", "state", "clips", "speakers", "licence", "folder"),
    "recipes": ("name", "kind", "emotion_corpus", "keyword_corpus", "window_ms"),
    "parts": ("kind", "name", "summary"),
    "presets": (
        "name",
        "window_ms",
        "step_ms",
        "channels",
        "lower_hz",
        "upper_hz",
        "noise_reduction",
        "pcan",
    ),
    "bundles": ("name", "state", "id", "speech", "uar", "folder"),
    "devices": ("name", "what"),
}


def _show(kind: str, entries: list[dict[str, Any]]) -> None:
    """Print one list as a table."""
    if not entries:
        console.emit_text(f"{kind}: none")
        return
    absent = [str(entry["name"]) for entry in entries if entry.get("state") == "missing"]
    shown = [entry for entry in entries if entry.get("state") != "missing"]
    rows = [[_cell(entry.get(column)) for column in COLUMNS[kind]] for entry in shown]
    console.emit_table(kind, [column.replace("_", " ") for column in COLUMNS[kind]], rows)
    if absent:
        console.emit_text(f"not at hand: {', '.join(absent)}")
    for entry in entries:
        if "why" in entry:
            console.emit_text(f"{entry['name']}: {entry['why']}")


def _cell(value: Any) -> str:
    """Return a value as a table shows it; a bundle's id is cut to what tells bundles apart."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}"
    text = str(value)
    return text[:12] if len(text) == 64 and " " not in text else text
