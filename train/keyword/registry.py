"""Which keyword networks there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from firmware_bridge.base.parts import Parts, PartSettings


class Build(Protocol):
    """Builds a keyword network."""

    def __call__(
        self,
        shape: tuple[int, int],
        classes: int,
        settings: Any,
        batch: int | None = None,
        posteriors: bool = False,
    ) -> Any:
        """Return a `keras.Model` from float32 [batch, frames, channels, 1] to float32 [batch, classes].

        Args:
            shape: (frames, channels) of the features; weights have the same shapes for every number of frames.
            classes: Number of classes, "no keyword" among them.
            settings: Its settings.
            batch: A fixed batch size for conversion, or None.
            posteriors: End in a softmax, as on the chip; training uses the logits.
        """
        ...


@dataclass(frozen=True)
class KeywordPart:
    """A keyword network.

    Attributes:
        name: What a recipe says.
        summary: One line.
        settings: The class of its settings.
        build: Builds it.
    """

    name: str
    summary: str
    settings: type[PartSettings]
    build: Build


KEYWORD_NETWORKS: Parts[KeywordPart] = Parts("keyword network")


def keyword_network(name: str, *, summary: str, settings: type[PartSettings]) -> Callable[[Build], Build]:
    """Register the decorated function as keyword network `name`; the arguments are those of `KeywordPart`."""

    def register(build: Build) -> Build:
        KEYWORD_NETWORKS.add(name, KeywordPart(name, summary, settings, build))
        return build

    return register
