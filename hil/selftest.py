"""The gate tests itself: one planted regression for every promise must be caught, by name.

Plants change raw observations (a feature, a file's size, a speaker's name), never the figure itself, so
that the checks are tested together with the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import CheckFailed
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.chip.regions import Part, Region
from hil.budgets import Budget, Status
from hil.checks import verdicts
from hil.rig.observations import Chip, ModelFacts, Observations

Plant = Callable[[Observations, Budget], Observations]


@dataclass(frozen=True)
class Planted:
    """One planted regression: the promise, whether it was broken as it must be, and the gate's words."""

    name: str
    caught: bool
    detail: str


def _one_off(values: NDArray[np.int64]) -> NDArray[np.int64]:
    changed = values.copy()
    changed[-1] += 1
    return changed


def _chip(seen: Observations, **changes: object) -> Observations:
    chip: Chip = replace(seen.chip, **changes)  # type: ignore[arg-type]
    return replace(seen, chip=chip)


def _larger_region(seen: Observations, name: str, limit: float) -> Observations:
    def grown(region: Region) -> Region:
        return (
            region.filled((*region.parts, Part("planted", int(limit) + 1))) if region.name == name else region
        )

    return _chip(seen, regions=tuple(map(grown, seen.chip.regions)))


def _slower(seen: Observations, limit: float) -> Observations:
    late = limit + 1
    stages: dict[str, Quantity] = {
        name: replace(stage, value=late, interval=(late, late)) for name, stage in seen.chip.stages_ms.items()
    }
    return _chip(seen, stages_ms=stages)


def _wrong(scores: NDArray[np.int8], truth: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return scores whose best class is never the true one."""
    changed = np.full_like(scores, -128)
    changed[np.arange(len(truth)), (truth + 1) % scores.shape[1]] = 127
    return changed


def _right(scores: NDArray[np.int8], truth: NDArray[np.int64]) -> NDArray[np.int8]:
    changed = np.full_like(scores, -128)
    changed[np.arange(len(truth)), truth] = 127
    return changed


def _agreement(seen: Observations, limit: float) -> Observations:
    figures = dict(seen.figures)
    figures["int8_agreement"] = replace(figures["int8_agreement"], value=limit - 1)
    return replace(seen, figures=figures, speech="real")


def _flipped(seen: Observations) -> Observations:
    """Under the last alternative, another class wins on every clip."""
    if isinstance(seen.modelled, str):
        return seen
    chip = {name: scores.copy() for name, scores in seen.modelled.chip.items()}
    wanted = seen.modelled.reference["fused"].argmax(axis=-1)
    chip["fused"][-1] = _wrong(chip["fused"][-1], wanted)
    return replace(seen, modelled=replace(seen.modelled, chip=chip), speech="real")


def _bloated(seen: Observations, limit: float) -> Observations:
    return replace(seen, models=(*seen.models, ModelFacts("planted", int(limit) + 1, False)))


PLANTS: Mapping[str, Plant] = {
    "alignment_lsb": lambda seen, _: replace(seen, features_lsb=_one_off(seen.features_lsb)),
    "scores_lsb": lambda seen, _: replace(seen, scores_lsb=_one_off(seen.scores_lsb)),
    "speaker_leakage": lambda seen, _: replace(seen, heard=(*seen.heard, seen.speakers[0])),
    "model_bytes": lambda seen, budget: _bloated(seen, budget.limit),
    "board_ram_bytes": lambda seen, budget: _larger_region(seen, "SDRAM", budget.limit),
    "on_chip_ram_bytes": lambda seen, budget: _larger_region(seen, "OCRAM", budget.limit),
    "tpu_cached_bytes": lambda seen, budget: _chip(seen, cached_bytes=int(budget.limit) + 1),
    "tpu_streamed_bytes": lambda seen, _: _chip(seen, streamed_bytes=1),
    "ops_off_tpu": lambda seen, _: _chip(seen, ops_off_tpu=1),
    "latency_p50_ms": lambda seen, budget: _slower(seen, budget.limit),
    "latency_p95_ms": lambda seen, budget: _slower(seen, budget.limit),
    "macro_f1_acoustic": lambda seen, _: replace(
        seen, acoustic=_wrong(seen.acoustic, seen.truth), speech="real"
    ),
    "macro_f1_keyword": lambda seen, _: replace(
        seen, keyword=_wrong(seen.keyword, seen.keyword_truth), speech="real"
    ),
    "macro_f1_fused": lambda seen, _: replace(seen, fused=_wrong(seen.fused, seen.truth), speech="real"),
    "fused_gain": lambda seen, _: replace(
        seen,
        acoustic=_right(seen.acoustic, seen.truth),
        fused=_wrong(seen.fused, seen.truth),
        speech="real",
    ),
    "int8_agreement": lambda seen, budget: _agreement(seen, budget.limit),
    "chip_flips": lambda seen, _: _flipped(seen),
    "realtime_factor": lambda seen, budget: replace(seen, wall_s=2 * seen.audio_s / budget.limit),
    "host_ram_bytes": lambda seen, budget: replace(seen, device_ram_bytes=int(budget.limit) + 1),
}


def self_test(seen: Observations, budgets: Mapping[str, Budget]) -> list[Planted]:
    """Plant a regression for every promise that this run could measure; report which were caught.

    A promise that the run could not measure is left out: there is nothing to spoil.
    """
    measured = {verdict.name for verdict in verdicts(seen, budgets) if verdict.quantity is not None}
    planted = []
    for name, budget in budgets.items():
        if name not in measured:
            continue
        spoiled = PLANTS[name](seen, budget)
        verdict = next(one for one in verdicts(spoiled, {name: budget}))
        planted.append(Planted(name, verdict.status is Status.BROKEN, verdict.detail))
    return planted


def require_gate(planted: list[Planted]) -> None:
    """Raise `CheckFailed` when a planted regression went through the gate."""
    missed = [one.name for one in planted if not one.caught]
    if missed:
        raise CheckFailed(
            f"the gate let planted regressions through: {', '.join(missed)}",
            "mend hil/checks or hil/budgets.py first",
        )
