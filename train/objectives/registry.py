"""Which objectives there are: losses of class scores that a recipe names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from firmware_bridge.base.parts import Parts

Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Objective:
    """A loss.

    Attributes:
        name: What a recipe says.
        summary: One line.
        loss: From rater distributions float32 [batch, classes] and logits of that shape, both TensorFlow tensors, to
            a scalar.
        smooths: Whether label smoothing goes with it.
    """

    name: str
    summary: str
    loss: Loss
    smooths: bool = False

    def smoothed(self, targets: Any, share: float) -> Any:
        """Return [batch, classes] with `share` of each row spread evenly, where smoothing goes with the loss.

        Args:
            targets: Rater distributions: an array or a tensor.
            share: From 0 to 1.
        """
        return targets * (1 - share) + share / targets.shape[1] if self.smooths else targets


OBJECTIVES: Parts[Objective] = Parts("objective")


def objective(name: str, *, summary: str, smooths: bool = False) -> Callable[[Loss], Loss]:
    """Register the decorated function as objective `name`; the arguments are those of `Objective`."""

    def register(loss: Loss) -> Loss:
        OBJECTIVES.add(name, Objective(name, summary, loss, smooths))
        return loss

    return register


def known(name: str) -> str:
    """Return the name of an objective, for settings that hold one.

    Raises:
        UnknownName: There is none; the valid names are listed.
    """
    return OBJECTIVES.find(name).name
