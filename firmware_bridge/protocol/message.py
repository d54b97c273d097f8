"""What all messages of the wire have in common; the messages themselves: `messages.py`, made from the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar


@dataclass(frozen=True, eq=False)
class Message:
    """A message: its fields as the table names them; arrays as NumPy arrays, text as `str`."""

    name: ClassVar[str]
    kind: ClassVar[int]

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields by name, in the table's order: for what works on any message."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Reply(Message):
    """What a device answers."""


R = TypeVar("R", bound=Reply)


class Request(Message, Generic[R]):
    """What a host asks; the type of its reply is its parameter."""

    reply: ClassVar[type[Reply]]
