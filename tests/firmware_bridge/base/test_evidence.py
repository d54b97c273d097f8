"""A figure is never without its evidence; an error is never without its remedy."""

from __future__ import annotations

import dataclasses
import json

import pytest

from firmware_bridge.base import errors
from firmware_bridge.base.errors import CheckFailed, UndertoneError, UnknownName
from firmware_bridge.base.evidence import Evidence, Quantity


def test_the_kinds_of_evidence() -> None:
    assert {kind.value for kind in Evidence} == {
        "measured",
        "emulated",
        "modelled",
        "derived",
        "simulated",
        "estimated",
    }


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(734261, "", Evidence.MEASURED), "734,261 (measured)"),
        (Quantity(21.5, "ms", Evidence.ESTIMATED, 3, (20, 23.456)), "21.50 ms [20.00, 23.46] (estimated)"),
        (Quantity(0.0, "%", Evidence.SIMULATED, 1, (0.0, 0.0)), "0 % [0.00, 0.00] (simulated)"),
        (Quantity(float("nan"), "ms", Evidence.EMULATED), "nan ms (emulated)"),
    ],
)
def test_a_quantity_prints_its_unit_interval_and_evidence(quantity: Quantity, text: str) -> None:
    assert str(quantity) == text


def test_a_quantity_as_json() -> None:
    quantity = Quantity(1.5, "ms", Evidence.EMULATED, 7, (1.0, 2.0), "a formula")
    data = json.loads(json.dumps(quantity.as_dict()))
    assert data == {
        "value": 1.5,
        "unit": "ms",
        "evidence": "emulated",
        "n": 7,
        "interval": [1.0, 2.0],
        "source": "a formula",
    }
    assert Quantity(1, "", Evidence.MEASURED).as_dict()["interval"] is None


def test_a_quantity_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Quantity(1, "", Evidence.MEASURED).value = 2  # type: ignore[misc]


def test_an_unknown_name_lists_the_valid_ones_in_order() -> None:
    error = UnknownName("corpus", "ravdes", ["urdu", "ravdess"])
    assert str(error) == "unknown corpus 'ravdes'"
    assert error.remedy == "use one of: ravdess, urdu"
    assert error.as_dict() == {
        "error": "UnknownName",
        "what": "unknown corpus 'ravdes'",
        "remedy": "use one of: ravdess, urdu",
        "see": "",
    }


def test_a_failed_check_and_wrong_input_leave_with_different_status() -> None:
    assert CheckFailed("too slow").exit_status == 1
    others = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, UndertoneError) and kind is not CheckFailed
    ]
    assert len(others) > 10
    assert {kind.exit_status for kind in others} == {2}
    assert all(kind.__doc__ for kind in others)
