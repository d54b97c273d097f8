"""What an encoder costs per hour of speech, measured on this computer, and what a large corpus would take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from train.foundation.encoder import Encoder

MSP_PODCAST_HOURS = 238.0  # release 1.11, turns of 3 to 11 s
WORKERS = (1, 10, 100)


@dataclass(frozen=True)
class Cost:
    """What listening costs, cut after a layer.

    Attributes:
        encoder: Its name.
        layer: Where it is cut.
        clip_seconds: Length of the clips it was measured with; attention grows with its square.
        core_seconds: Seconds that one core of this computer needs for an hour of speech, log-mel included.
        multiply_adds: Multiply-adds for an hour of speech.
        kept_bytes: What the layer's sequences take per hour of speech, as float16.
    """

    encoder: str
    layer: str
    clip_seconds: float
    core_seconds: float
    multiply_adds: int
    kept_bytes: int

    def hours_for(
        self, hours: float = MSP_PODCAST_HOURS, workers: Sequence[int] = WORKERS
    ) -> dict[int, float]:
        """Return the hours that a corpus would take on so many workers like this core.

        Extrapolated: the measured rate times the corpus, divided by the workers. Reading files, the
        network and the last worker to finish come on top.
        """
        return {count: hours * self.core_seconds / 3600.0 / count for count in workers}

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data, with the extrapolation."""
        extrapolated = {str(count): hours for count, hours in self.hours_for().items()}
        return {**asdict(self), "extrapolated_hours_for_238_h": extrapolated}


def duration(hours: float) -> str:
    """Return hours in words, or minutes where there are few."""
    return f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def measure_cost(encoder: Encoder, layer: str, clip_seconds: float = 5.0, passes: int = 5) -> Cost:
    """Time an encoder, cut after `layer`, on noise: its speed does not depend on what is said.

    Args:
        encoder: Which.
        layer: Where it is cut.
        clip_seconds: Length of a clip.
        passes: Timed passes of six clips; the fastest counts, because others may use this computer too.
    """
    samples = round(clip_seconds * SAMPLE_RATE_HZ)
    clips = list(np.random.default_rng(0).normal(0, 0.1, (6, samples)).astype(np.float32))
    shorter = encoder.cut(layer)
    heard = shorter.encode(clips[:1], [layer])[0][layer]  # the first pass loads the network
    times = []
    for _ in range(passes):
        started = time.process_time()
        shorter.encode(clips, [layer])
        times.append(time.process_time() - started)
    per_hour = 3600.0 / clip_seconds
    return Cost(
        encoder=encoder.about.name,
        layer=layer,
        clip_seconds=clip_seconds,
        core_seconds=min(times) / len(clips) * per_hour,
        multiply_adds=round(encoder.multiply_adds(layer, samples) * per_hour),
        kept_bytes=round(heard.size * 2 * per_hour),
    )
