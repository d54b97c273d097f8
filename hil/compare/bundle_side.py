"""A bundle as one side of a comparison: its files, what the Edge TPU makes of it, and its answers to clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgetpu_models.analyse import analyse
from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing, InvalidSetting, SpeakerLeak
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.base.progress import note
from firmware_bridge.contract.bundle import Bundle
from firmware_bridge.reference.engine import bundle_identity
from hil.chip.networks import BRANCHES
from hil.chip.stages import describe_chip, fusion_bytes
from hil.compare.run_side import memory_figures
from hil.compare.sides import Clip, Output, Side, heard_as
from hil.report.model import region_data
from hil.report.origin import flat, origin_of
from hil.report.schema import Memory
from train.evaluation.on_corpus import Chosen, among, answer, choose_alike

# Why two bundles may have no clips to be compared on; all of it is said, none of it stops the comparison of the rest.
NO_CLIPS = (CorpusMissing, CorpusInvalid, InvalidSetting, SpeakerLeak)


@dataclass(frozen=True)
class Clips:
    """The same clips as each of two bundles sees them, or why there are none."""

    chosen: tuple[Chosen, Chosen] | None
    why_not: str = ""


def choose_clips(first: Bundle, second: Bundle, corpus: str | None, limit: int | None) -> Clips:
    """Choose clips of speakers that neither bundle has heard.

    Args:
        first: A bundle.
        second: Another.
        corpus: `NAME` or `NAME:PATH`; by default the first bundle's own, and where that is not at hand the rest is
            compared all the same.
        limit: At most so many clips; None for all.

    Raises:
        UndertoneError: The corpus that was asked for cannot be used.
    """
    try:
        one, two = choose_alike((first, second), corpus, limit)
    except NO_CLIPS as error:
        if corpus is not None:
            raise
        note(f"accuracy is not compared: {error.what} ({error.remedy})")
        return Clips(None, error.what)
    return Clips((one, two))


def bundle_sides(first: Bundle, second: Bundle, clips: Clips) -> tuple[Side, Side]:
    """Return the sides of two bundles, with their answers to the clips."""
    chosen = clips.chosen or (None, None)
    return _side(first, chosen[0], clips.why_not), _side(second, chosen[1], clips.why_not)


def _side(bundle: Bundle, chosen: Chosen | None, why_not: str) -> Side:
    manifest = bundle.manifest
    made_from = {key: value for key, value in origin_of(manifest).items() if key != "code"}
    return Side(
        kind="bundle",
        place=str(bundle.directory),
        bundle=bundle.id,
        figures=bundle_figures(bundle),
        made_from=flat(made_from),
        code=manifest.git_revision,
        networks=dict(manifest.files),
        outputs=_outputs(bundle, chosen) if chosen else {},
        why_not=why_not,
        conditions={"corpus": f"{chosen.corpus.name}, clean"} if chosen else {},
        evidence=Evidence.SIMULATED.value if chosen else "",
        speech=chosen.corpus.origin if chosen else "",
    )


def bundle_figures(bundle: Bundle) -> dict[str, dict[str, Quantity]]:
    """Return bytes, operations, stages, memories and the figures that a bundle carries, by group and name."""
    identity = bundle_identity(bundle)
    chip = describe_chip(bundle, identity.frames, identity.channels)

    def count(number: int, unit: str, evidence: Evidence = Evidence.MEASURED, source: str = "") -> Quantity:
        return Quantity(number, unit, evidence, source=source)

    sizes = {name: count((bundle.directory / name).stat().st_size, "bytes") for name in bundle.manifest.files}
    edge_tpu = {
        "operations off the TPU": count(chip.ops_off_tpu, "operations", chip.evidence, chip.source),
        "parameters that stay": count(chip.cached_bytes, "bytes", chip.evidence, chip.source),
        "parameters that are streamed": count(chip.streamed_bytes, "bytes", chip.evidence, chip.source),
    }
    rows = analyse([bundle.path(bundle.manifest.models[name]) for name in BRANCHES]).rows
    named = {f"{BRANCHES[row.network]} {row.index} {row.name}": row for row in rows}
    return {
        "bytes": sizes | {"fusion head": count(fusion_bytes(bundle.manifest.fusion), "bytes")},
        "Edge TPU": edge_tpu,
        "bytes per operation": {
            name: count(row.parameter_bytes, "bytes", Evidence.ESTIMATED, row.target)
            for name, row in named.items()
        },
        "cycles per operation": {
            name: count(row.cycles, "cycles", Evidence.ESTIMATED, row.target) for name, row in named.items()
        },
        "stages of one decision": dict(chip.stages_ms),
        "memory": memory_figures(Memory.model_validate(region_data(region)) for region in chip.regions),
        "figures of the build": dict(bundle.manifest.figures),
    }


def _outputs(bundle: Bundle, chosen: Chosen) -> dict[str, Output]:
    answers, labels, corpus = answer(bundle, chosen), bundle.manifest.labels, chosen.corpus
    names = [corpus.name_of(clip) for clip in chosen.clips]
    clips = {
        name: Clip(clip.speaker, labels[truth])
        for name, clip, truth in zip(names, chosen.clips, chosen.truth, strict=True)
    }
    raw: dict[str, NDArray[np.int8]] = {
        "acoustic": answers.acoustic,
        "keyword vote": answers.vote,
        "fused": answers.fused,
    }
    return {
        name: Output(
            tuple(sorted(labels)), clips, heard_as(among(scores, labels, corpus.labels), labels, names)
        )
        for name, scores in raw.items()
    }
