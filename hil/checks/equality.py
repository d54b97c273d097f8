"""Is the device's arithmetic the laptop's?"""

from __future__ import annotations

import numpy as np

from firmware_bridge.base.evidence import Quantity
from hil.rig.observations import Observations


def alignment(seen: Observations) -> dict[str, Quantity | str]:
    """Largest difference between device and host features, in steps of the uint16 features."""
    if seen.features_compared == 0:
        return {"alignment_lsb": "no features were fetched from the device"}
    worst = int(np.argmax(seen.features_lsb))
    value = int(seen.features_lsb[worst])
    where = f"; the worst is {seen.names[worst]}" if value else ""
    source = f"{seen.features_compared:,} feature values compared{where}"
    return {"alignment_lsb": Quantity(value, "LSB", seen.evidence, len(seen.names), source=source)}


def scores(seen: Observations) -> dict[str, Quantity | str]:
    """Largest difference between device scores and the host's reference, over all three outputs."""
    worst = int(np.argmax(seen.scores_lsb))
    value, wrong = int(seen.scores_lsb[worst]), int(np.count_nonzero(seen.scores_lsb))
    source = (
        f"{wrong} of {len(seen.names)} segments differ; the worst is {seen.names[worst]}"
        if wrong
        else "all equal"
    )
    return {"scores_lsb": Quantity(value, "LSB", seen.score_evidence, len(seen.names), source=source)}
