"""The published form of `report.json`: what stands in it, and a reader that refuses anything else.

`docs/report.schema.json` is this module as a JSON schema. Keys are only added within a format; a changed meaning is a
new format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.evidence import Quantity
from firmware_bridge.base.settings import Settings, explain

FORMAT = 1
AGAIN = "run `undertone hil` again, which writes the report anew"
Hash = Field(pattern=r"^[0-9a-f]{64}$")


class Distance(Settings):
    """How far a figure is from its limit: in its unit, as a share, and in spreads of its own."""

    room: float
    share: float | None
    spreads: float | None
    by_interval_alone: bool


class Promise(Settings):
    """A promise of budgets.toml, the figure, and what became of it."""

    name: str
    what: str
    status: Literal["kept", "broken", "not measured", "not asked"]
    compare: Literal["≤", "≥", "="]
    limit: float
    unit: str
    gate: Literal["value", "interval"]
    required: bool
    figure: Quantity | None
    margin: Distance | None
    detail: str
    remedy: str


class Memory(Settings):
    """One of the board's memories, and the bytes of each thing in it."""

    name: str
    used_bytes: int
    limit_bytes: int
    on_chip: bool
    parts: dict[str, int]
    evidence: str
    source: str


class Network(Settings):
    """A network of the bundle: its bytes on disk, and whether the Edge TPU compiler made the file."""

    name: str
    bytes: int
    compiled: bool


class Spread(Settings):
    """A figure with its percentile interval over speakers."""

    value: float
    low: float
    high: float
    level: float
    speakers: int


class Card(Settings):
    """How well an output does on speakers that the model has not heard; `evidence` says who spoke."""

    labels: list[str]
    clips: int
    uar: Spread
    macro_f1: Spread
    accuracy: float
    per_class: dict[str, dict[str, float | None]]
    confusion: list[list[int]]
    n_best_uar: dict[str, float]
    pa_uar: dict[str, dict[str, float]]
    per_speaker: dict[str, float]
    gender_gap: float | None
    majority: dict[str, float]
    prior: dict[str, float]
    proof: str
    warning: str
    evidence: Literal["real", "synthetic"]


class Modelled(Settings):
    """What an output becomes under the chip's arithmetic as compiled files show it: the ends over its alternatives."""

    output: str
    clips: int
    other_winners: tuple[int, int]
    worst_lsb: int
    macro_f1: float | None
    macro_f1_chip: tuple[float, float] | None
    evidence: str


class Scored(Settings):
    """One segment: what is true, what the device heard, and how far it was from the host's own arithmetic.

    `keyword_label` is the true keyword, null where none is asked for.
    """

    name: str
    speaker: str
    label: str
    keyword_label: str | None
    acoustic: str
    keyword: str
    fused: str
    features_lsb: int
    scores_lsb: int
    audio_s: float
    wall_s: float


class Plant(Settings):
    """A planted regression, and whether the gate caught it."""

    name: str
    caught: bool
    detail: str


class Step(Settings):
    """How long a step of the run took on this machine, and how it ended."""

    stage: str
    step: str
    items: int
    seconds: float
    outcome: str


class Report(Settings):
    """A run of the rig. Bytes are of 8 bits, times as their keys say; `made_from` is what the bundle was made from."""

    format: Literal[1]
    verdict: Literal["kept", "broken", "partial"]
    device: dict[str, JsonValue]
    bundle: dict[str, JsonValue]
    made_from: dict[str, JsonValue]
    channel: dict[str, JsonValue]
    alignment_lsb: float | None
    scores_lsb: float | None
    realtime_factor: float | None
    scores_sha256: str = Hash
    score_evidence: str
    labels: list[str]
    keywords: list[str]
    budgets: list[Promise]
    networks: list[Network]
    latency: dict[str, Quantity]
    device_stage_us: dict[str, float]
    memory: list[Memory]
    scores: dict[str, Card]
    modelled: list[Modelled]
    segments: list[Scored]
    incidents: list[str]
    left_out: list[str]
    health: list[str]
    gate_self_test: list[Plant]
    steps: list[Step]
    notes: list[str]
    files: dict[str, str]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `report.json`."""
    found = Report.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Undertone report.json, format {FORMAT}",
    } | {key: value for key, value in found.items() if key != "title"}


def schema_page() -> str:
    """Return `docs/report.schema.json`."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_report(path: Path) -> Report:
    """Read a `report.json`.

    Raises:
        InvalidSetting: There is none, it is damaged, or it is of another format; names what does not fit.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(
            f"no report at {path}", "name a report.json that `undertone hil` wrote"
        ) from error
    except ValueError as error:
        raise InvalidSetting(f"{path} is damaged: {error}", AGAIN) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = (
            data.get("format", "none, as before formats were counted") if isinstance(data, dict) else "none"
        )
        raise InvalidSetting(f"{path} is of format {found}; this program reads {FORMAT}", AGAIN)
    try:
        return Report.model_validate(data)
    except ValidationError as error:
        raise explain(error, Report, str(path), AGAIN) from error
