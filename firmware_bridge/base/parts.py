"""Parts by name: the one kind of table in which a room keeps what a recipe may choose.

A part is registered by the module that defines it, and a room imports all its modules when it is imported
itself: a new part is one file, and nothing else has to know it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

from firmware_bridge.base.errors import InvalidSetting, UnknownName

Part = TypeVar("Part")


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
