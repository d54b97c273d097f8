"""How many decisions the chip's own arithmetic may change, as compiled files show it."""

from __future__ import annotations

import math

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.chip.arithmetic import OUTPUTS
from hil.rig.observations import Observations


def flips(seen: Observations) -> dict[str, Quantity | str]:
    """Share of clips with another fused winner than under int8 reference kernels.

    The value is that of the worst alternative of what records do not say. Its interval is that of a share of so few
    clips (Wilson 1927, 95 %), so that one clip of a short run breaks no promise.
    """
    modelled = seen.modelled
    if isinstance(modelled, str):
        return {"chip_flips": modelled}
    clips = len(modelled.clips)
    counts = {name: modelled.other_winners(name) for name in OUTPUTS}
    worst = int(counts["fused"].max())
    spans = ", ".join(f"{name} {c.min()}..{c.max()}" for name, c in counts.items())
    source = f"other winners on {clips} clips: {spans}; over {len(modelled.alternatives)} alternatives"
    value = 100 * worst / clips
    return {
        "chip_flips": Quantity(value, "%", Evidence.MODELLED, clips, wilson_percent(worst, clips), source)
    }


def wilson_percent(count: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the ends of Wilson's interval of a share, in percent."""
    share, spread = count / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return round(100 * max(0.0, middle - half), 4), round(100 * min(1.0, middle + half), 4)
