"""What can go wrong with the Edge TPU, as the board's SDK shows it; drawn by seed, or set by a test."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from firmware_bridge.base.errors import InvalidSetting


class Trouble(Enum):
    """What becomes of a run of a network.

    Attributes:
        FAILED: It ends with an error, as after a USB transfer that timed out.
        HANGS: It never ends, as after a failed CHECK of the SDK's, which suspends all tasks.
        GONE: The TPU has left; every run fails until a restart powers it anew.
    """

    FAILED = "failed"
    HANGS = "hangs"
    GONE = "gone"


@dataclass
class TpuTrouble:
    """When what goes wrong.

    Attributes:
        at: By number of the run since the power came, counted from 0.
        absent_starts: Starts of the processor, counted from 0, at which the TPU does not come up.
        hot: Whether a read of the temperature hangs, until a restart.
    """

    at: dict[int, Trouble] = field(default_factory=dict)
    absent_starts: frozenset[int] = frozenset()
    hot: bool = False

    @classmethod
    def from_words(cls, words: Sequence[str]) -> TpuTrouble:
        """Return trouble from what a person writes: `RUN:KIND` (failed, hangs, gone), `absent:START`, `hot`.

        Raises:
            InvalidSetting: A word that is none of these.
        """
        at, absent, hot = {}, set(), False
        for word in words:
            place, _, kind = word.partition(":")
            if word == "hot":
                hot = True
            elif place == "absent" and kind.isdecimal():
                absent.add(int(kind))
            elif place.isdecimal() and kind in {one.value for one in Trouble}:
                at[int(place)] = Trouble(kind)
            else:
                kinds = ", ".join(f"RUN:{one.value}" for one in Trouble)
                raise InvalidSetting(
                    f"'{word}' is no trouble of the Edge TPU", f"valid: {kinds}, absent:START, hot"
                )
        return cls(at, frozenset(absent), hot)

    @classmethod
    def drawn(cls, seed: int, runs: int, most: int = 3) -> TpuTrouble:
        """Return trouble for a device that will run networks about so often.

        Args:
            seed: The same one gives the same trouble.
            runs: Range of the runs that can fail.
            most: Most runs that fail.
        """
        dice = random.Random(seed)
        places = dice.sample(range(runs), min(runs, dice.randint(0, most)))
        kinds = list(Trouble)
        absent = frozenset(start for start in (0, 1) if dice.random() < 0.1)
        return cls({place: dice.choice(kinds) for place in places}, absent, dice.random() < 0.1)
