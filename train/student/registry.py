"""Which students there are: the acoustic networks that go onto the chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from firmware_bridge.base.parts import Parts
from firmware_bridge.base.settings import Settings

Build = Callable[[tuple[int, ...], int, Any, bool], Any]
Reads = Literal["trunk", "features"]


@dataclass(frozen=True)
class StudentPart:
    """A student.

    Attributes:
        name: What a recipe says (`kind`).
        summary: One line.
        settings: The class of its settings (`[student]`).
        reads: The frozen trunk's activations, or the front-end's features.
        build: From the shape of one input, the number of classes, settings and whether it goes onto the chip (then it
            ends in `floored` scores) to the untrained `keras.Model`: float32 [batch, *shape] to [batch, classes].
    """

    name: str
    summary: str
    settings: type[Settings]
    reads: Reads
    build: Build


STUDENTS: Parts[StudentPart] = Parts("student")


def student(name: str, *, summary: str, settings: type[Settings], reads: Reads) -> Callable[[Build], Build]:
    """Register the decorated function as student `name`; the arguments are those of `StudentPart`."""

    def register(build: Build) -> Build:
        STUDENTS.add(name, StudentPart(name, summary, settings, reads, build))
        return build

    return register
