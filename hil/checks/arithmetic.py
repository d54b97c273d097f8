"""How many decisions the chip's own arithmetic may change, as compiled files show it."""

from __future__ import annotations

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.chip.arithmetic import OUTPUTS
from hil.rig.observations import Observations


def flips(seen: Observations) -> dict[str, Quantity | str]:
    """Share of clips with another fused winner than under int8 reference kernels.

    The value is that of the worst alternative of what records do not say, the interval goes from the best to it.
    """
    modelled = seen.modelled
    if isinstance(modelled, str):
        return {"chip_flips": modelled}
    clips = len(modelled.clips)
    counts = {name: modelled.other_winners(name) for name in OUTPUTS}
    low, high = (100 * int(end) / clips for end in (counts["fused"].min(), counts["fused"].max()))
    spans = ", ".join(f"{name} {c.min()}..{c.max()}" for name, c in counts.items())
    source = f"other winners on {clips} clips: {spans}; over {len(modelled.alternatives)} alternatives"
    return {"chip_flips": Quantity(high, "%", Evidence.MODELLED, clips, (low, high), source)}
