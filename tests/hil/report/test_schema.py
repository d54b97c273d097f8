"""`report.json` and its published form: each report fits it, and what does not fit is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.paths import DOCS
from hil.report import write_report
from hil.report.origin import CHOSEN, origin_of
from hil.report.schema import FORMAT, Report, json_schema, read_report
from hil.rig.observations import NO_KEYWORD, Observations
from tests.support.observations import observations
from tests.support.reports import report_of
from tests.support.tiny_bundle import bundle

__all__ = ["bundle"]


@pytest.fixture
def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(report_of().as_dict()))
    return found


@pytest.mark.parametrize(
    "seen",
    [
        observations(),
        observations(heard=("speaker1",)),
        observations(keyword_truth=np.full(24, NO_KEYWORD), speech="synthetic", modelled="not run"),
        observations(left_out=("s24",), incidents=("it restarted",), health=("It is hot.",)),
    ],
    ids=["good", "leaked", "mute", "partial"],
)
def test_every_report_fits_and_comes_back_as_it_was(seen: Observations, tmp_path: Path) -> None:
    written = report_of(seen)
    write_report(written, tmp_path)
    found = read_report(tmp_path / "report.json")
    assert found.model_dump(mode="json") == json.loads(json.dumps(written.as_dict()))


def test_the_published_schema_is_that_of_the_code() -> None:
    published = json.loads((DOCS / "report.schema.json").read_text())
    assert published == json_schema()
    assert f"format {FORMAT}" in published["title"]
    assert published["additionalProperties"] is False
    assert set(published["required"]) == set(Report.model_fields)


def test_the_format_is_in_the_schema_as_the_one_value() -> None:
    assert json_schema()["properties"]["format"]["const"] == FORMAT


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("verdict",), "fine", "verdict"),
        (("scores_sha256",), "abc", "scores_sha256"),
        (("segments", 0, "acoustic"), 3, "segments.0.acoustic"),
        (("budgets", 0, "status"), "perhaps", "budgets.0.status"),
        (("latency", "network", "evidence"), "guessed", "latency.network.evidence"),
        (("memory", 0, "used_bytes"), "many", "memory.0.used_bytes"),
    ],
)
def test_what_does_not_fit_is_named(
    data: dict[str, Any], tmp_path: Path, place: tuple[Any, ...], value: object, told: str
) -> None:
    spot: Any = data
    for key in place[:-1]:
        spot = spot[key]
    spot[place[-1]] = value
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(InvalidSetting, match=told):
        read_report(tmp_path / "report.json")


@pytest.mark.parametrize("key", sorted(Report.model_fields))
def test_a_missing_key_is_named(data: dict[str, Any], tmp_path: Path, key: str) -> None:
    del data[key]
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(InvalidSetting, match=key):
        read_report(tmp_path / "report.json")


def test_what_a_bundle_was_made_from(bundle: Any) -> None:
    found = origin_of(bundle.manifest)
    assert set(found) == {*CHOSEN, "code"}
    assert found["code"] == bundle.manifest.git_revision
    assert found["split"]["test"] == ["dan", "eve", "finn"]
    assert found["frontend"]["channels"] == 16
