"""The base of all settings and records that are read from files, and what is said of one that does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from firmware_bridge.base.errors import InvalidSetting


class Settings(BaseModel):
    """Frozen, and without unknown keys: a typo is an error, never a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def valid_keys(model: type[BaseModel], place: Sequence[str] = ()) -> list[str]:
    """Return the keys that may stand at a place below a model, in order; none where it holds no model."""
    for part in place:
        found = model.model_fields.get(part)
        annotation = found.annotation if found else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return sorted(model.model_fields)


def explain(error: ValidationError, model: type[BaseModel], source: str, remedy: str = "") -> InvalidSetting:
    """Return a pydantic error as one line that names the file, the place and the value, with a remedy.

    Args:
        error: What pydantic found; its first complaint is told.
        model: What the data should have been.
        source: Where the data comes from, as the user knows it.
        remedy: What helps with a wrong value; an unknown key is answered with the valid ones instead.
    """
    first = error.errors(include_url=False)[0]
    place = [str(part) for part in first["loc"]]
    where = ".".join(place)
    if first["type"] == "extra_forbidden":
        valid = ", ".join(valid_keys(model, place[:-1]))
        return InvalidSetting(f"{source}: unknown key '{where}'", f"valid keys there: {valid}")
    text = str(first["msg"]).removeprefix("Value error, ")
    given = repr(first["input"])
    value = f" = {given}" if len(given) <= 60 and first["type"] != "missing" else ""
    place_and_value = f" {where}{value}:" if where else ""
    return InvalidSetting(f"{source}:{place_and_value} {text}", remedy or f"correct {where or source}")
