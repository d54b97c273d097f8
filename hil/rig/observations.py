"""What a run saw, as raw as possible: the checks and the report are functions of this alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.chip.regions import Region
from firmware_bridge.protocol.engine import PCM
from hil.chip.arithmetic import Modelled

NO_KEYWORD = -1


@dataclass(frozen=True, eq=False)
class Segment:
    """A clip to be scored.

    Attributes:
        name: Unique; decides what the channel draws for it.
        pcm: int16[n] at 16 kHz.
        label: Index of the true label.
        speaker: Who speaks.
        keyword: The spoken keyword where there is one that matters, else nothing.
    """

    name: str
    pcm: PCM
    label: int
    speaker: str
    keyword: str | None = None


@dataclass(frozen=True)
class ModelFacts:
    """One network: its bytes on disk, and whether the Edge TPU compiler made the file."""

    name: str
    bytes: int
    compiled: bool


@dataclass(frozen=True)
class Chip:
    """What is known of the chip without having run on it.

    Attributes:
        ops_off_tpu: Operations that the Edge TPU would not take.
        cached_bytes: Parameters that stay in the Edge TPU's memory.
        streamed_bytes: Parameters that travel on every inference.
        stages_ms: Time per stage of one decision, in order.
        regions: The board's memories.
        source: Where this comes from.
        evidence: What operations and bytes are worth: facts of compiled files, or predicted.
    """

    ops_off_tpu: int
    cached_bytes: int
    streamed_bytes: int
    stages_ms: Mapping[str, Quantity]
    regions: tuple[Region, ...]
    source: str
    evidence: Evidence = Evidence.ESTIMATED


@dataclass(frozen=True)
class Example:
    """One window's features as host and device computed them, uint16[frames, channels]."""

    segment: str
    host: NDArray[np.uint16]
    device: NDArray[np.uint16]


@dataclass(frozen=True)
class Observations:
    """Everything that a run saw. Arrays are indexed by segment [n], in the order streamed.

    Attributes:
        names: Names of the segments.
        speakers: Who speaks.
        labels: Names of the labels.
        keywords: Names of the keywords, the first meaning none.
        truth: Index of the true label.
        keyword_truth: Index of the true keyword; `NO_KEYWORD` where that is not asked.
        acoustic: int8[n, labels] from the device.
        keyword: int8[n, keywords] from the device.
        fused: int8[n, labels] from the device.
        vote: int8[n, labels]: what the keyword scores alone say of the label.
        features_lsb: Largest difference between device and host features.
        features_compared: How many feature values were compared in all.
        scores_lsb: Largest difference between device and host scores.
        audio_s: Length of each segment in seconds.
        wall_s: From first byte to last, on the host's clock.
        stage_us: Mean time per window and stage, as the device reports it.
        device_ram_bytes: High-water mark that the device reports; 0 where it cannot tell.
        evidence: What the device's features, memory and counts are worth.
        keeps_time: Whether `stage_us` and `wall_s` say something about the chip.
        heard: Speakers that training or selection has heard.
        speech: `real` or `synthetic`.
        models: The bundle's networks.
        fusion_bytes: Bytes of the fusion head's weights.
        chip: What is known of the chip.
        figures: Figures that the bundle carries.
        example: Features for the report's picture.
        incidents: A sentence for each time that the device was lost and came back.
        left_out: Names of the segments that were to be streamed and have no scores.
        health: What the device lacks or went through, a sentence each.
        modelled: Some of the segments under the chip's arithmetic, or why not.
    """

    names: tuple[str, ...]
    speakers: tuple[str, ...]
    labels: tuple[str, ...]
    keywords: tuple[str, ...]
    truth: NDArray[np.int64]
    keyword_truth: NDArray[np.int64]
    acoustic: NDArray[np.int8]
    keyword: NDArray[np.int8]
    fused: NDArray[np.int8]
    vote: NDArray[np.int8]
    features_lsb: NDArray[np.int64]
    features_compared: int
    scores_lsb: NDArray[np.int64]
    audio_s: NDArray[np.float64]
    wall_s: NDArray[np.float64]
    stage_us: Mapping[str, float]
    device_ram_bytes: int
    evidence: Evidence
    keeps_time: bool
    heard: tuple[str, ...]
    speech: str
    models: tuple[ModelFacts, ...]
    fusion_bytes: int
    chip: Chip
    figures: Mapping[str, Quantity] = field(default_factory=dict)
    example: Example | None = None
    incidents: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    modelled: Modelled | str = "the chip's arithmetic was not run"

    @property
    def score_evidence(self) -> Evidence:
        """What the scores are worth: only a board has an Edge TPU, elsewhere int8 reference kernels stand in."""
        return self.evidence if self.evidence is Evidence.MEASURED else Evidence.SIMULATED
