"""The last leg: compile where there is a compiler, and pack the bundle with its model card."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from edgetpu_models.compile import compile_models
from edgetpu_models.compiler import locate
from edgetpu_models.reweight import store as templates
from firmware_bridge.base.errors import BundleInvalid, EnvironmentLacking, ReweightRefused
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.base.files import sha256_file, write_json
from firmware_bridge.base.progress import note
from firmware_bridge.base.templates import render
from firmware_bridge.base.version import git_revision
from firmware_bridge.contract.bundle import (
    Bundle,
    Licence,
    Manifest,
    ModelFile,
    Recorded,
    SplitRecord,
    compiled_name,
    load_bundle,
    write_bundle,
)
from firmware_bridge.contract.fusion import FusionHead
from firmware_bridge.reference.simulated_tpu import Int8Network
from tools.pipeline.architecture import what_to_compile
from tools.pipeline.closure import closure_of
from tools.pipeline.figures import Made
from tools.pipeline.inputs import Inputs, has_foundation
from tools.pipeline.stages import Stages, stage_key
from tools.pipeline.teachers import teachers_at_hand
from train.corpora.record import Corpus
from train.evaluation.duplicates import HEARD_FILE, Prints
from train.features import FEATURES
from train.foundation.yamnet import YAMNET_FILE

# Licences of networks that allow commercial use.
FREE = ("MIT", "Apache-2.0", "BSD-3-Clause")
MODEL_CARD = Path(__file__).with_name("templates") / "MODEL_CARD.md.j2"


def licences(inputs: Inputs) -> list[Licence]:
    """Return the terms of every corpus and network that went into the networks."""

    def of(corpus: Corpus) -> Licence:
        return Licence(
            name=corpus.name,
            kind="corpus",
            licence=corpus.licence,
            attribution=corpus.attribution,
            commercial=corpus.commercial,
        )

    listed = [of(inputs.emotion_corpus), of(inputs.keyword_corpus)]
    if has_foundation(inputs.recipe):
        listed.append(
            Licence(
                name="yamnet",
                kind="network",
                licence=YAMNET_FILE.licence,
                attribution="Google, github.com/google-coral/coralmicro",
                commercial=True,
            )
        )
    for choice in teachers_at_hand(inputs.recipe, warn=False):
        found = FEATURES.find(choice.feature.name).network(choice.feature)
        if found and found[0] not in [one.name for one in listed]:
            name, licence = found
            listed.append(
                Licence(
                    name=name,
                    kind="network",
                    licence=licence,
                    attribution="what the teacher hears; nothing of it is on the chip",
                    commercial=licence in FREE,
                )
            )
    return listed


def compile_if_possible(stages: Stages, made: Made, recipe: str) -> Path | None:
    """Stage: both networks compiled together by the real compiler, or derived from templates.

    None, and said, where there is neither: then also what to compile once, and where.
    """
    try:
        locate.find()
    except EnvironmentLacking as error:
        derived = derive_if_possible(stages, networks(made))
        if derived is None:
            note(f"{error.what}: no compiled model is claimed; figures of the chip are estimated")
            note(f"  to get it: {error.remedy}")
            for line in what_to_compile(networks(made), recipe):
                note(f"  {line}")
        return derived
    models = networks(made)
    parts = {"models": [sha256_file(path) for path in models]}
    return stages.run("compiled", parts, lambda out: _compile(models, out))


def networks(made: Made) -> list[Path]:
    """Return both int8 networks of a build."""
    return [made.acoustic / "acoustic.tflite", made.keyword / "keyword.tflite"]


def derive_if_possible(stages: Stages, models: list[Path]) -> Path | None:
    """Stage: networks derived from templates at hand; None, and said, where none fit or something is refused."""
    found = templates.listed()
    if not found:
        return None

    def make(out: Path) -> None:
        for path, derived in zip(models, templates.derive(models), strict=True):
            (out / compiled_name(path.stem)).write_bytes(derived.data)
        write_json(out / "evidence.json", {"evidence": "derived"})

    parts = {"models": [sha256_file(p) for p in models], "templates": [t.compiled_sha256 for t in found]}
    try:
        made = stages.run("derived", parts, make)
        note(
            "the compiled networks are derived from templates: no compiler made them, and they have run on no chip"
        )
        note(
            "  each from a compile of its own: the chip loads parameters again whenever it changes between them"
        )
        return made
    except ReweightRefused as refusal:
        note(f"nothing is derived from the templates at hand: {refusal.what}")
        note(f"  {refusal.remedy}")
        return None


def evidence_of(compiled: Path | None) -> Literal["", "measured", "derived"]:
    """Return the evidence of a stage's compiled networks: `measured` (the compiler's own), `derived`, or nothing."""
    if compiled is None:
        return ""
    return "derived" if (compiled / "evidence.json").is_file() else "measured"


def _compile(models: list[Path], out: Path) -> None:
    compile_models(models, out)


def model_entry(name: str, path: Path, compiled: Path | None, parameters: int) -> tuple[ModelFile, bytes]:
    """Return the manifest's entry of a network, and the file that goes into the bundle."""
    network = Int8Network(path)
    content = path.read_bytes()
    file = f"{name}.tflite"
    entry = ModelFile(
        file=file,
        sha256=sha256_file(path),
        bytes=len(content),
        parameters=parameters,
        input_shape=list(network.input_shape),
        output_shape=list(network.output_shape),
        input_scale=network.input_scale,
        input_zero_point=network.input_zero_point,
        output_scale=network.output_scale,
        output_zero_point=network.output_zero_point,
        compiled=compiled_name(name) if compiled else None,
        compiled_evidence=evidence_of(compiled),
    )
    return entry, content


def pack(inputs: Inputs, stages: Stages, made: Made, figures_at: Path, heard: Prints) -> Bundle:
    """Write the bundle (if it is not there already) below `bundles/` beside the stages; point `bundle` at it.

    Raises:
        BundleInvalid: The parts do not fit together.
    """
    compiled = compile_if_possible(stages, made, inputs.recipe.name)
    identity = stage_key(
        {
            "figures": figures_at.name,
            "fusion": made.fusion.name,
            "compiled": compiled.name if compiled else None,
        },
        closure_of(pack).digest(),
    )
    build = stages.root.parent
    directory = build / "bundles" / f"{inputs.recipe.name}-{identity}"
    try:
        bundle = load_bundle(directory)
    except BundleInvalid:
        bundle = _write(inputs, made, figures_at, compiled, directory, heard)
    point_at(build / "bundle", directory)
    return bundle


def point_at(link: Path, directory: Path) -> None:
    """Make `link` a relative symbolic link to a directory, replacing an older link in one step."""
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(directory, link.parent))
    temporary.replace(link)


def _write(
    inputs: Inputs, made: Made, figures_at: Path, compiled: Path | None, directory: Path, heard: Prints
) -> Bundle:
    figures = TypeAdapter(dict[str, Quantity]).validate_json((figures_at / "figures.json").read_bytes())
    heads = json.loads((made.fusion / "fusion.json").read_text())
    files: dict[str, bytes] = {}
    models: dict[str, ModelFile] = {}
    for name, folder in (("acoustic", made.acoustic), ("keyword", made.keyword)):
        parameters = int(figures[f"parameters_{name}"].value)
        models[name], files[f"{name}.tflite"] = model_entry(
            name, folder / f"{name}.tflite", compiled, parameters
        )
        if compiled and (file := models[name].compiled):
            files[file] = (compiled / file).read_bytes()
    split = inputs.split.as_dict()
    manifest = Manifest(
        name=inputs.recipe.name,
        labels=list(inputs.labels),
        keywords=list(inputs.recipe.composed.classes),
        window_ms=inputs.recipe.window.window_ms,
        hop_ms=inputs.recipe.window.hop_ms,
        frontend=inputs.frontend,
        table_hash=inputs.frontend.table_hash,
        scaling=inputs.scaling,
        models=models,
        fusion=FusionHead.model_validate(heads["fusion"]),
        keyword_vote=FusionHead.model_validate(heads["keyword_vote"]),
        corpus=inputs.fingerprints,
        split=SplitRecord(**split, hash=inputs.split.hash),
        recipe=Recorded(inputs.recipe.model_dump(mode="json")),
        figures=figures,
        licences=licences(inputs),
        speech=inputs.speech,
        git_revision=git_revision(),
        files={},
    )
    files[HEARD_FILE] = heard.to_bytes()
    files["scorecards.json"] = (figures_at / "scorecards.json").read_bytes()
    if (picture := made.teacher / "layers.png").is_file():
        files[picture.name] = picture.read_bytes()
    files["MODEL_CARD.md"] = model_card(manifest).encode()
    return write_bundle(directory, manifest, files)


def model_card(manifest: Manifest) -> str:
    """Return the model card of a bundle as Markdown."""
    return render(MODEL_CARD, escape=False, **dict(manifest))
