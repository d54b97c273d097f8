"""Tables 5 and 7 of Mitra et al.: a chosen layer against the last one, and what cutting the network there saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from train.evaluation.heard import DIMENSIONS, Heard, Truth
from train.evaluation.metrics import ccc, confusion, uar
from train.mitra.paired import Pair, compare_pair


@dataclass(frozen=True)
class LayerPair:
    """A chosen layer against the last layer of the same network, in the same condition.

    Attributes:
        network: Which network.
        condition: `clean`, `15 dB`, …
        role: How the layer was chosen: `salient` or `probed`.
        pair: UAR of the chosen layer minus that of the last one, tested over speakers.
        relative_uar: The same relative to the last layer's UAR.
        relative_ccc: CCC gained relative to the last layer's, where there are ratings; None where that is not positive.
        parameters_saved: Share of the parameters that need not run; None where they were not counted.
        compute_saved: Share of the multiply-adds that need not.
    """

    network: str
    condition: str
    role: str
    pair: Pair
    relative_uar: float | None
    relative_ccc: dict[str, float | None]
    parameters_saved: float | None
    compute_saved: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def network_of(one: Heard) -> tuple[str, str]:
    """Return the network and the head of a system, without the layer: layers are compared like with like.

    Where `network` is not given, it is the first word of the system's name; the head is what follows the comma.
    """
    front, _, head = one.system.partition(", ")
    return one.network or front.split(" ")[0], head


def chosen_against_last(
    truth: Truth, systems: Sequence[Heard], resamples: int = 2000, seed: int = 0
) -> list[LayerPair]:
    """Return every salient or probed layer against the last layer of its network, with the same head and condition."""
    last = {(*network_of(one), one.condition): one for one in systems if one.role == "last"}
    pairs = []
    for one in systems:
        end = last.get((*network_of(one), one.condition))
        if one.role not in ("salient", "probed") or end is None:
            continue
        pair = compare_pair(truth, one, end, resamples, seed)
        of_last = float(uar(confusion(truth.truth, end.shares.argmax(axis=1), len(truth.labels))))
        pairs.append(
            LayerPair(
                network=network_of(one)[0],
                condition=one.condition,
                role=one.role,
                pair=pair,
                relative_uar=pair.difference.value / of_last if of_last else None,
                relative_ccc=_relative_ccc(truth, one, end),
                parameters_saved=_saved(one.parameters, end.parameters),
                compute_saved=_saved(one.multiply_adds, end.multiply_adds),
            )
        )
    return pairs


def _relative_ccc(truth: Truth, one: Heard, end: Heard) -> dict[str, float | None]:
    """Return (chosen - last) / last of each dimension's CCC."""
    if truth.dimensions is None or one.dimensions is None or end.dimensions is None:
        return {}
    gained: dict[str, float | None] = {}
    for name, values, chosen, of_last in zip(
        DIMENSIONS, truth.dimensions.T, one.dimensions.T, end.dimensions.T, strict=True
    ):
        base = ccc(values, of_last)
        gained[name] = (ccc(values, chosen) - base) / base if base > 0 else None
    return gained


def _saved(needed: int, whole: int) -> float | None:
    """Return the share of `whole` that is not needed; None where one of them was not counted."""
    return 1.0 - needed / whole if needed > 0 and whole > 0 else None
