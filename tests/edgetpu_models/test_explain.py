"""Plain words for codes and phrases."""

from __future__ import annotations

import pytest

from edgetpu_models.explain import explain
from edgetpu_models.phrases import PHRASES
from edgetpu_models.rules.base import RULES
from edgetpu_models.rules.support import SUPPORTED
from firmware_bridge.base.errors import UnknownName


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_can_be_explained(name: str) -> None:
    found = explain(name)
    assert (found.kind, found.name) == ("rule", name)
    assert found.meaning == RULES[name].text
    assert found.remedy
    assert found.ground


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda p: p.text[:30])
def test_every_phrase_can_be_explained_in_its_log_line(phrase: object) -> None:
    text = phrase.text  # type: ignore[attr-defined]
    found = explain(f"CONV_2D        3        {text.upper()}")
    assert (found.kind, found.name) == ("phrase", text)


@pytest.mark.parametrize("name", sorted(SUPPORTED))
def test_every_operation_can_be_explained(name: str) -> None:
    found = explain(name.lower())
    assert found.kind == "operation"
    assert ("never seen" in found.meaning) == (SUPPORTED[name].seen == 0)


def test_a_phrase_names_the_rules_that_lead_to_it() -> None:
    assert "not-constant" in explain("param is not constant at compile-time").related
    assert "softmax-rows" in explain("SOFTMAX").related


def test_errors_are_explained_too() -> None:
    assert explain("ModelInvalid").kind == "error"
    assert explain("EnvironmentLacking").meaning


def test_every_finding_of_lint_has_an_explanation() -> None:
    assert explain("stranded").remedy


def test_something_unknown_lists_what_is_near() -> None:
    with pytest.raises(UnknownName, match="softmx") as caught:
        explain("softmx")
    assert "softmax-rows" in caught.value.remedy
    with pytest.raises(UnknownName):
        explain("\u2603")


def test_it_prints_as_json() -> None:
    assert explain("tile-from").as_dict()["related"] == ["TILE"]
