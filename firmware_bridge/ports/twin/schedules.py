"""Schedules of trouble by seed: whatever the Edge TPU does and whenever somebody resets it, the twin comes back.

`make schedules` (`undertone endure schedules`) says how many did not, and which seeds.
"""

from __future__ import annotations

import random
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.progress import track
from firmware_bridge.contract.bundle import load_bundle
from firmware_bridge.contract.image import build_image
from firmware_bridge.ports.flash import Flash
from firmware_bridge.ports.twin.build import build_twin
from firmware_bridge.ports.twin.device import Twin
from firmware_bridge.ports.twin.registers import BOARD
from firmware_bridge.ports.twin.tpu_trouble import TpuTrouble, Trouble
from firmware_bridge.protocol import (
    LIMITS,
    TABLE,
    Frame,
    FrameDecoder,
    Kind,
    Message,
    decode,
    encode,
    encode_frame,
    messages,
)
from firmware_bridge.reference.device import ReferenceDevice

RESTARTED = {Trouble.FAILED: "tpu", Trouble.GONE: "tpu", Trouble.HANGS: "watchdog"}
ROUNDS = 2
SLOT_BYTES = BOARD["SLOT_BYTES"]


@dataclass(frozen=True)
class Outcome:
    """What became of one schedule.

    Attributes:
        seed: Its seed.
        wrong: What was not as it must be; empty: nothing.
        restarts: How often the device restarted.
        reasons: What the device named as the reason of its last start.
    """

    seed: int
    wrong: str
    restarts: int
    reasons: str


@dataclass(frozen=True)
class Tally:
    """What became of a row of schedules.

    Attributes:
        first: The first seed.
        count: How many there were.
        restarts: How often the device restarted in all of them.
        last_starts: What it named as the reason of its last start, and in how many schedules.
        lost: Those after which not all was as it must be.
        seconds: How long it took.
    """

    first: int
    count: int
    restarts: int
    last_starts: dict[str, int]
    lost: tuple[Outcome, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the tally as JSON-ready data."""
        return {**asdict(self), "came_back": self.count - len(self.lost)}


class Schedules:
    """Runs schedules against one bundle.

    Args:
        bundle_dir: Directory of the bundle.
    """

    def __init__(self, bundle_dir: Path) -> None:
        bundle = load_bundle(bundle_dir)
        flash = Flash(SLOT_BYTES, [build_image(bundle, compiled=False)])
        self._twin = Twin(build_twin(bundle_dir), flash, recovers=True)
        reference = ReferenceDevice(bundle)
        window = reference.windowing.window_samples
        self._pcm: NDArray[np.int16] = np.random.default_rng(13).integers(-9000, 9000, window, np.int16)
        self._fused = reference.score_segment(self._pcm).fused.tolist()

    def run(self, seed: int) -> Outcome:
        """Run one schedule: trouble while a host talks, then a clean segment."""
        dice = random.Random(seed)
        twin, trouble = self._twin, TpuTrouble.drawn(seed, 2 * ROUNDS)
        twin.board.mailbox.trouble = trouble
        talk = _Talk(twin)
        try:
            twin.power_cycle()
            pressed = self._talk_in_trouble(talk, dice)
            given = [kind for at, kind in trouble.at.items() if at < twin.board.mailbox.runs]
            twin.board.mailbox.trouble = TpuTrouble()
            return self._judge(talk, seed, given, pressed, trouble)
        except UndertoneError as error:
            return Outcome(seed, f"stood still: {error.what}", -1, "")

    def run_all(self, count: int, first: int = 0) -> Tally:
        """Run one schedule for each of `count` seeds.

        Args:
            count: How many.
            first: The first seed; the others follow it.
        """
        began, seeds = time.monotonic(), range(first, first + count)
        outcomes = [self.run(seed) for seed in track(seeds, "running schedules of trouble")]
        return Tally(
            first,
            count,
            sum(one.restarts for one in outcomes),
            dict(sorted(Counter(one.reasons for one in outcomes).items())),
            tuple(one for one in outcomes if one.wrong),
            time.monotonic() - began,
        )

    def _talk_in_trouble(self, talk: _Talk, dice: random.Random) -> int:
        pressed = 0
        for number in range(ROUNDS):
            talk.segment(number, self._pcm, dice.random() < 0.8)
            if dice.random() < 0.3:
                talk.ask("get_stats")
            if dice.random() < 0.2:
                talk.twin.reset()
                pressed += 1
            if dice.random() < 0.3:
                talk.twin.pass_time(dice.randrange(5000))
        return pressed

    def _judge(
        self, talk: _Talk, seed: int, given: Sequence[Trouble], pressed: int, trouble: TpuTrouble
    ) -> Outcome:
        """Ask the device what happened, and have it score a clean segment."""
        if trouble.absent_starts:
            talk.twin.reset()  # a TPU that was not there is looked for at a start
            pressed += 1
        talk.twin.pass_time(3000)
        talk.twin.pass_time(1)
        identity, stats = talk.ask("hello", session=seed), talk.ask("get_stats")
        if not isinstance(identity, messages.Identity) or not isinstance(stats, messages.Stats):
            return Outcome(seed, "does not answer", -1, "")
        reason = {value: name for name, value in TABLE.reset_reasons.items()}[stats.reset_reason]
        wrong = []
        expected = Counter(RESTARTED[kind] for kind in given)
        if stats.restarts < pressed + stats.watchdog_resets + stats.tpu_failures:
            wrong.append(f"{stats.restarts} restarts, {pressed} of them by the button")
        if stats.watchdog_resets < expected["watchdog"]:
            wrong.append(f"{expected['watchdog']} hangs, {stats.watchdog_resets} watchdog resets")
        if stats.watchdog_resets and not identity.troubles & TABLE.troubles["crash_kept"]:
            wrong.append("no evidence of a watchdog reset")
        if (reason == "power") != (stats.restarts == 0):
            wrong.append(f"{stats.restarts} restarts, and the reason {reason}")
        result = talk.segment(99, self._pcm, True)
        if not isinstance(result, messages.Result) or result.fused.tolist() != self._fused:
            difference = result.sentence if isinstance(result, messages.Error) else result and result.name
            wrong.append(f"the clean segment: {difference}")
        return Outcome(seed, "; ".join(wrong), stats.restarts, reason)


class _Talk:
    """A host that goes on whatever happens."""

    def __init__(self, twin: Twin) -> None:
        self.twin, self._sequence = twin, 0

    def ask(self, name: str, **fields: Any) -> Message | None:
        """Send a request; return the answer to it, if one comes."""
        self._sequence = (self._sequence + 1) % 65536
        frame = Frame(int(Kind[name.upper()]), self._sequence, encode(name, **fields))
        heard = FrameDecoder().push(self.twin.receive(encode_frame(frame)))
        answers = [one for one in heard if isinstance(one, Frame) and one.sequence == self._sequence]
        return decode(answers[-1].kind, answers[-1].payload) if answers else None

    def segment(self, number: int, pcm: NDArray[np.int16], ends: bool) -> Message | None:
        """Send a segment; return the answer to its end."""
        self.ask("begin", segment=number, samples=len(pcm))
        size = LIMITS["chunk_samples"]
        for at in range(0, len(pcm), size):
            self.ask("audio", segment=number, offset=at, pcm=pcm[at : at + size])
        if not ends:
            return None
        return self.ask("end", segment=number, checksum=zlib.crc32(pcm.astype("<i2").tobytes()))
