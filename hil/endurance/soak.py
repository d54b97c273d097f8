"""Random faults by the thousand: every call must end with the right data or a typed error, in time.

`undertone endure link --count 100000` runs that many schedules on a virtual clock and says what became of them.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from firmware_bridge.base.errors import DeviceError
from firmware_bridge.base.progress import track
from firmware_bridge.protocol import DeviceServer
from firmware_bridge.protocol.loopback import LoopbackEngine
from hil.client.client import DeviceClient
from hil.link.chaos import Faults, FaultyLink
from hil.link.memory_link import MemoryLink
from hil.link.timing import Timing

KINDS = ("drop", "duplicate", "flip", "split", "stall", "noise")
BRANCHES = ("acoustic", "keyword", "fused")
WORST_RATE = 0.2
TIMING = Timing(reply_s=0.5, window_s=0.5, features_s=0.5)


@dataclass
class Soak:
    """What became of the schedules.

    Attributes:
        right: Calls that returned the right data.
        typed: Calls that raised a typed error.
        wrong: Seeds of calls that returned wrong data: must be empty.
        late: Seeds of calls that ended after their deadline: must be empty.
    """

    right: int
    typed: int
    wrong: list[int]
    late: list[int]

    @property
    def good(self) -> bool:
        """Whether every call ended with the right data or a typed error, in time."""
        return not self.wrong and not self.late

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)


def soak(schedules: int, first_seed: int = 0) -> Soak:
    """Score one segment under each schedule of faults.

    Args:
        schedules: How many.
        first_seed: Schedule i is made from seed `first_seed + i` alone, so a failing one can be repeated.
    """
    result, engine = Soak(0, 0, [], []), LoopbackEngine()
    for seed in track(range(first_seed, first_seed + schedules), "schedules of faults"):
        dice = random.Random(seed)
        rates = {kind: dice.random() ** 3 * WORST_RATE for kind in KINDS}
        faults = Faults(**rates, unplug_after=dice.randint(1, 200) if dice.random() < 0.05 else 0)
        pcm = np.random.default_rng(seed).integers(-32768, 32768, dice.randint(1, 5000)).astype(np.int16)
        link = FaultyLink(MemoryLink(DeviceServer(engine, engine.identity)), faults, seed)
        client = DeviceClient(link, TIMING, session=seed)
        deadline = None
        try:
            deadline = client.limit_s(len(pcm)) + link.now()
            got, want = client.score_segment(pcm), engine.score_segment(pcm)
            same = all(
                np.array_equal(getattr(got, name), getattr(want, name))
                for name in ("acoustic", "keyword", "fused")
            )
            result.right += same
            result.wrong += [] if same else [seed]
        except DeviceError:
            result.typed += 1
        if deadline is not None and link.now() > deadline:
            result.late.append(seed)
    return result
