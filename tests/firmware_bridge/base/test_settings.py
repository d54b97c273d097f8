"""What is said of settings that do not fit, in one line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError, field_validator

from firmware_bridge.base.settings import Settings, explain, valid_keys


class Inner(Settings):
    depth: int = Field(default=1, ge=1)
    names: tuple[str, ...] = ()

    @field_validator("names")
    @classmethod
    def _few(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) > 2:
            raise ValueError("at most two names")
        return names


class Outer(Settings):
    inner: Inner = Inner()
    size: int


def told(data: dict[str, Any], remedy: str = "") -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    said = explain(caught.value, Outer, "mine.toml", remedy)
    return said.what, said.remedy


def test_the_place_the_value_and_the_reason_are_named() -> None:
    what, remedy = told({"size": 1, "inner": {"depth": 0}})
    assert what == "mine.toml: inner.depth = 0: Input should be greater than or equal to 1"
    assert remedy == "correct inner.depth"
    assert told({"size": 1, "inner": {"depth": 0}}, "look at the comments")[1] == "look at the comments"


def test_an_unknown_key_is_answered_with_those_that_are_valid_there() -> None:
    assert told({"size": 1, "inner": {"dept": 1}}, "no help") == (
        "mine.toml: unknown key 'inner.dept'",
        "valid keys there: depth, names",
    )
    assert told({"size": 1, "sise": 2})[1] == "valid keys there: inner, size"


def test_a_missing_key_shows_no_value_and_long_values_are_left_out() -> None:
    assert told({"inner": {}})[0] == "mine.toml: size: Field required"
    assert "xxx" not in told({"size": "x" * 1000})[0]


def test_a_checks_own_words_are_said_as_they_are() -> None:
    assert told({"size": 1, "inner": {"names": ["a", "b", "c"]}})[0].endswith(": at most two names")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Outer(size=1).size = 2  # type: ignore[misc]


def test_keys_below_something_that_is_no_model() -> None:
    assert valid_keys(Outer) == ["inner", "size"]
    assert valid_keys(Outer, ["inner"]) == ["depth", "names"]
    assert valid_keys(Outer, ["size"]) == valid_keys(Outer, ["nothing"]) == []
