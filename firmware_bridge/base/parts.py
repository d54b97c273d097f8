"""Parts by name: the one kind of table in which a room keeps what a recipe may choose.

A part is registered by the module that defines it, and a room imports all its modules when it is imported
itself: a new part is one file, and nothing else has to know it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.settings import Settings, explain

Part = TypeVar("Part")


class PartSettings(Settings):
    """Settings of a part that a recipe chooses.

    Attributes:
        name: The part's; each part's own class has it as its default.
    """

    name: str


class Configurable(Protocol):
    """A part with settings of its own."""

    @property
    def settings(self) -> type[Settings]:
        """The class of its settings."""
        ...


Own = TypeVar("Own", bound=Configurable)


class Parts(dict[str, Part]):
    """Parts of one kind, by name, in the order of their registration.

    Args:
        kind: What they are called in messages (`corpus`, `protocol`).
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def add(self, name: str, part: Part) -> None:
        """Register a part.

        Raises:
            InvalidSetting: The name is taken: two files claim it.
        """
        if name in self:
            raise InvalidSetting(f"two {self.kind} parts are called '{name}'", "rename one of them")
        self[name] = part

    def find(self, name: str) -> Part:
        """Return the part of a name.

        Raises:
            UnknownName: There is none; the valid names are listed.
        """
        if name not in self:
            raise UnknownName(self.kind, name, self)
        return self[name]


def import_all(package: str, folders: Iterable[str]) -> None:
    """Import every module of a package, in alphabetical order, so that each registers its parts.

    Args:
        package: Dotted name of the package.
        folders: Its `__path__`.
    """
    for module in sorted(pkgutil.iter_modules(folders), key=lambda found: found.name):
        importlib.import_module(f"{package}.{module.name}")


def section(parts: Parts[Own], default: str) -> Callable[[Any], Any]:
    """Return how a section of a recipe is read whose key `name` chooses the part, and with it the other keys.

    Args:
        parts: What can be chosen. They are looked up when a recipe is read: one registered later can be chosen too.
        default: The part where the section does not name one.

    Returns:
        A function for pydantic's `BeforeValidator`: a mapping to the part's own settings. It raises `UnknownName` for
        a part that is not there, and `InvalidSetting` for a key or value that the part does not take.
    """

    def read(given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return read_settings(parts, str(given.get("name", default)), given)

    return read


def read_settings(parts: Parts[Own], name: str, given: Mapping[str, Any]) -> Settings:
    """Return the settings of a part from the keys of a recipe.

    Raises:
        UnknownName: There is no such part; the valid names are listed.
        InvalidSetting: A key or value that it does not take.
    """
    part = parts.find(name)
    try:
        return part.settings.model_validate(dict(given))
    except ValidationError as error:
        raise explain(error, part.settings, f"{parts.kind} '{name}'") from error
