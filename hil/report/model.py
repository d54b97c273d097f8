"""One structure from which every kind of report is made: tables, JSON, JUnit, HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from firmware_bridge.base.events import Event
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.chip.regions import Region
from hil.budgets import Status, Verdict
from hil.checks.accuracy import has_keywords, leaked_speakers
from hil.report.modelled import modelled_rows
from hil.report.schema import FORMAT
from hil.rig.observations import NO_KEYWORD, Observations
from hil.selftest import Planted
from train.evaluation.leak import require_disjoint
from train.evaluation.score import Scorecard, score


@dataclass(frozen=True)
class HilReport:
    """The result of one run.

    Attributes:
        device: What the device says of itself.
        bundle: Id, name, origin and terms of the bundle.
        channel: The re-recording channel's settings.
        seen: Raw observations.
        verdicts: One per promise, in the order of the budget file.
        cards: Scorecards of the outputs by name; empty where a speaker leaked.
        gate: Planted regressions and whether the gate caught them.
        steps: Ends of the run's steps, in the order in which they ended, and of the run itself.
        notes: What the reader must know (stand-ins, refusals), one sentence each.
        made_from: What the bundle was made from (`origin_of`).
        files: Where the run's log and its recording lie, by those names.
    """

    device: Mapping[str, Any]
    bundle: Mapping[str, Any]
    channel: Mapping[str, Any]
    seen: Observations
    verdicts: tuple[Verdict, ...]
    cards: Mapping[str, Scorecard]
    gate: tuple[Planted, ...]
    steps: tuple[Event, ...]
    notes: tuple[str, ...]
    made_from: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no promise is broken, and every segment was scored."""
        return not self.broken and not self.seen.left_out

    @property
    def broken(self) -> list[Verdict]:
        """The broken promises."""
        return [verdict for verdict in self.verdicts if verdict.status is Status.BROKEN]

    @property
    def verdict(self) -> str:
        """`kept`, `broken`, or `partial` where segments have no scores."""
        return "kept" if self.passed else "broken" if self.broken else "partial"

    @property
    def scores_sha256(self) -> str:
        """The SHA-256 of the raw int8 scores.

        Its bytes are the rows in the order of the segments, each the acoustic, the keyword and the fused scores.
        """
        rows = np.concatenate([self.seen.acoustic, self.seen.keyword, self.seen.fused], axis=1)
        return hashlib.sha256(rows.astype(np.int8).tobytes()).hexdigest()

    def figure(self, name: str) -> Quantity | None:
        """Return the figure of a budget, where it was measured."""
        return next((verdict.quantity for verdict in self.verdicts if verdict.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data, in the form that `hil/report/schema.py` publishes."""
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "device": dict(self.device),
            "bundle": dict(self.bundle),
            "made_from": dict(self.made_from),
            "channel": dict(self.channel),
            "alignment_lsb": self._number("alignment_lsb"),
            "scores_lsb": self._number("scores_lsb"),
            "realtime_factor": self._number("realtime_factor"),
            "scores_sha256": self.scores_sha256,
            "score_evidence": self.seen.score_evidence.value,
            "labels": list(self.seen.labels),
            "keywords": list(self.seen.keywords),
            "budgets": [verdict.as_dict() for verdict in self.verdicts],
            "networks": [asdict(one) for one in self.seen.models],
            "latency": {name: stage.as_dict() for name, stage in self.seen.chip.stages_ms.items()},
            "device_stage_us": dict(self.seen.stage_us),
            "memory": [region_dict(self.seen, index) for index in range(len(self.seen.chip.regions))],
            "scores": {name: card.as_dict() for name, card in self.cards.items()},
            "modelled": [row.as_dict() for row in modelled_rows(self.seen)],
            "segments": [segment_dict(self.seen, index) for index in range(len(self.seen.names))],
            "incidents": list(self.seen.incidents),
            "left_out": list(self.seen.left_out),
            "health": list(self.seen.health),
            "gate_self_test": [vars(one) for one in self.gate],
            "steps": [step_dict(one) for one in self.steps],
            "notes": list(self.notes),
            "files": dict(self.files),
        }

    def _number(self, name: str) -> float | None:
        figure = self.figure(name)
        return figure.value if figure else None


def region_dict(seen: Observations, index: int) -> dict[str, Any]:
    """Return one memory region of a run as JSON-ready data."""
    return region_data(seen.chip.regions[index])


def region_data(region: Region) -> dict[str, Any]:
    """Return a memory region as JSON-ready data."""
    return {
        "name": region.name,
        "used_bytes": region.used_bytes,
        "limit_bytes": region.limit_bytes,
        "on_chip": region.on_chip,
        "parts": {part.name: part.bytes for part in region.parts},
        "evidence": region.evidence.value,
        "source": region.source,
    }


def step_dict(event: Event) -> dict[str, Any]:
    """Return how long a step of the run took and how it ended as JSON-ready data."""
    return {
        "stage": event.stage,
        "step": event.step,
        "items": event.items,
        "seconds": round(event.seconds or 0.0, 3),
        "outcome": str(event.outcome),
    }


def segment_dict(seen: Observations, index: int) -> dict[str, Any]:
    """Return what happened to one segment as JSON-ready data."""
    asked = int(seen.keyword_truth[index])
    return {
        "name": seen.names[index],
        "speaker": seen.speakers[index],
        "label": seen.labels[seen.truth[index]],
        "keyword_label": None if asked == NO_KEYWORD else seen.keywords[asked],
        "acoustic": seen.labels[int(seen.acoustic[index].argmax())],
        "keyword": seen.keywords[int(seen.keyword[index].argmax())],
        "fused": seen.labels[int(seen.fused[index].argmax())],
        "features_lsb": int(seen.features_lsb[index]),
        "scores_lsb": int(seen.scores_lsb[index]),
        "audio_s": round(float(seen.audio_s[index]), 3),
        "wall_s": round(float(seen.wall_s[index]), 4),
    }


def scorecards(seen: Observations) -> dict[str, Scorecard]:
    """Return a scorecard per output; none where a scored speaker was heard before."""
    if leaked_speakers(seen):
        return {}
    proof = require_disjoint(seen.heard, seen.speakers)
    cards = {
        name: score(seen.truth, scores, seen.speakers, seen.labels, proof, speech=seen.speech)
        for name, scores in (("acoustic", seen.acoustic), ("fused", seen.fused), ("keyword vote", seen.vote))
    }
    asked = has_keywords(seen)
    if asked.any():
        speakers = [name for name, wanted in zip(seen.speakers, asked, strict=True) if wanted]
        truth, scores = seen.keyword_truth[asked], seen.keyword[asked]
        cards["keyword"] = score(truth, scores, speakers, seen.keywords, proof, speech=seen.speech)
    else:
        del cards["keyword vote"]
    return cards
