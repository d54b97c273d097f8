"""Streams segments through a device and writes down what it sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import (
    BundleInvalid,
    CorpusInvalid,
    DeviceError,
    InvalidSetting,
    UnknownName,
)
from firmware_bridge.base.evidence import Evidence, Quantity
from firmware_bridge.base.progress import note, track
from firmware_bridge.contract.bundle import Bundle, ModelFile
from firmware_bridge.protocol import TABLE
from firmware_bridge.protocol.engine import PCM
from firmware_bridge.protocol.segment import LATENCY_STAGES, STAGES
from firmware_bridge.reference.device import ReferenceDevice, SegmentScores
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from hil.chip.arithmetic import Modelled, hear, spread
from hil.chip.stages import counted_stages, fusion_bytes
from hil.client.client import DeviceIdentity, SegmentResult
from hil.client.health import TPU_MISSING, health_lines
from hil.client.recovery import DeviceGone, Recovery
from hil.devices.base import Device
from hil.rig.observations import NO_KEYWORD, Chip, Example, ModelFacts, Observations, Segment

# A different shape is as wrong as it gets.
DIFFERENT_SHAPE = 65535
Play = Callable[[str, PCM], PCM]


@dataclass
class _Log:
    """What is gathered segment by segment."""

    results: list[SegmentResult] = field(default_factory=list)
    features_lsb: list[int] = field(default_factory=list)
    scores_lsb: list[int] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)
    compared: int = 0
    kept: list[tuple[PCM, SegmentScores]] = field(default_factory=list)
    example: Example | None = None
    scored: list[Segment] = field(default_factory=list)


def require_segments(segments: Sequence[Segment], bundle: Bundle) -> None:
    """Refuse segments that cannot be scored with this bundle.

    Raises:
        CorpusInvalid: None, an empty one, a name twice, or a label that the bundle does not have.
        UnknownName: A keyword that the bundle does not know; lists those it does.
    """
    if not segments:
        raise CorpusInvalid("no segments to stream", "name a corpus with clips of held-out speakers")
    names = [segment.name for segment in segments]
    if len(set(names)) != len(names):
        raise CorpusInvalid(
            "two segments have the same name", "names decide what the channel draws: make them unique"
        )
    labels, keywords = bundle.manifest.labels, bundle.manifest.keywords
    for segment in segments:
        if not 0 <= segment.label < len(labels):
            raise CorpusInvalid(
                f"{segment.name} has the label number {segment.label}", f"labels: {', '.join(labels)}"
            )
        if len(segment.pcm) == 0:
            raise CorpusInvalid(f"{segment.name} has no samples", "remove it from the corpus")
        if segment.keyword is not None and segment.keyword not in keywords:
            raise UnknownName("keyword", segment.keyword, keywords)


def require_same_bundle(identity: DeviceIdentity, bundle: Bundle) -> None:
    """Refuse a device that runs another bundle; prints both ids. One without its Edge TPU runs none."""
    if identity.troubles & TABLE.troubles["tpu_missing"]:
        raise DeviceError(*TPU_MISSING)
    if identity.bundle != bundle.id:
        raise BundleInvalid(
            f"the device runs bundle {identity.bundle[:16]}, the host expects {bundle.id[:16]} ({bundle.directory})",
            "flash this bundle, or name the device's own: --bundle DIR",
        )


def observe(
    device: Device,
    bundle: Bundle,
    segments: Sequence[Segment],
    play: Play,
    chip: Chip,
) -> Observations:
    """Re-record every segment, stream it, and compare features and scores with the host's own.

    Args:
        device: A started device.
        bundle: The bundle that it must run.
        segments: Clips of speakers that the model has not heard.
        play: What happens to them on the way: name and samples to the samples that are sent (`rerecord.through`).
        chip: What is known of the chip beforehand.

    Raises:
        BundleInvalid: The device runs another bundle.
        CorpusInvalid: Segments that cannot be scored.
        DeviceError: The device refused; or it was lost before anything was scored. Lost later it ends the run: what is
            missing then is in `left_out`.
    """
    require_segments(segments, bundle)
    recovery, engine = Recovery(device), ReferenceDevice(bundle)
    identity = recovery.identity
    require_same_bundle(identity, bundle)
    log, again = _Log(), spread(len(segments))
    with ThreadPoolExecutor(max_workers=1) as beside:
        for number, segment in enumerate(track(segments, f"streaming through {device.name}")):
            pcm = play(segment.name, segment.pcm)
            # The host computes its own answer while the device computes: neither sees the other's.
            wanted = beside.submit(_reference, engine, pcm)
            found = _ask(recovery, segment.name, pcm, log)
            if found is None:
                break
            result, got = found
            log.scored.append(segment)
            log.results.append(result)
            log.audio_s.append(len(pcm) / SAMPLE_RATE_HZ)
            _compare(segment.name, result, got, wanted.result(), log)
            if number in again:
                log.kept.append((pcm, wanted.result()[0]))
    left_out = [one.name for one in segments[len(log.scored) :]]
    stage_us = _stages(log.results)
    if device.keeps_time:
        chip = replace(chip, stages_ms=_measured(stage_us, device.evidence))
    elif device.evidence is Evidence.EMULATED:
        chip = replace(chip, stages_ms=counted_stages(chip, stage_us, identity.cycles_per_us))
    modelled = _modelled(bundle, log.kept, again[: len(log.kept)])
    seen = _observations(device, bundle, log.scored, chip, log, stage_us)
    health = [] if left_out else health_lines(recovery.client.hello(), recovery.client.stats())
    return replace(
        seen,
        modelled=modelled,
        incidents=tuple(recovery.incidents),
        left_out=tuple(left_out),
        health=tuple(health),
    )


def _ask(
    recovery: Recovery, name: str, pcm: PCM, log: _Log
) -> tuple[SegmentResult, list[NDArray[np.uint16]]] | None:
    """Return the device's scores and features; nothing where it is lost for good after something was scored."""
    try:
        return recovery.do(name, lambda client: (client.score_segment(pcm), client.features(pcm)))
    except DeviceGone as lost:
        if not log.results:
            raise
        note(f"the run ends early: {lost.what}")
        recovery.incidents.append(f"{name}: {lost.what}; the run ended here ({lost.remedy})")
        return None


def _modelled(
    bundle: Bundle, kept: Sequence[tuple[PCM, SegmentScores]], clips: NDArray[np.int64]
) -> Modelled | str:
    """Hear some segments again under the chip's arithmetic; say why where it is not known."""
    try:
        return hear(bundle, [pcm for pcm, _ in kept], clips, [scores for _, scores in kept])
    except InvalidSetting as error:
        return error.what


def _reference(engine: ReferenceDevice, pcm: PCM) -> tuple[SegmentScores, list[NDArray[np.uint16]]]:
    """Return the host's own scores, and the features of each window."""
    return engine.score_segment(pcm), engine.segment_features(pcm)


def _compare(
    name: str,
    result: SegmentResult,
    got: Sequence[NDArray[np.uint16]],
    wanted: tuple[SegmentScores, list[NDArray[np.uint16]]],
    log: _Log,
) -> None:
    scores, host = wanted
    ours, theirs = ([one.acoustic, one.keyword, one.fused] for one in (scores, result))
    log.scores_lsb.append(max(map(_difference, ours, theirs)))
    log.features_lsb.append(max(map(_difference, host, got)) if len(host) == len(got) else DIFFERENT_SHAPE)
    log.compared += sum(window.size for window in host)
    if log.example is None:
        log.example = Example(name, host[0], got[0])


def _difference(first: NDArray[np.generic], second: NDArray[np.generic]) -> int:
    if first.shape != second.shape:
        return DIFFERENT_SHAPE
    return int(np.abs(first.astype(np.int64) - second.astype(np.int64)).max(initial=0))


def _stages(results: Sequence[SegmentResult]) -> dict[str, NDArray[np.float64]]:
    """Return each stage's time per window in microseconds, one value per segment."""
    return {stage: np.array([one.stage_us[stage] / one.windows for one in results]) for stage in STAGES}


def _measured(stage_us: Mapping[str, NDArray[np.float64]], evidence: Evidence) -> dict[str, Quantity]:
    """Return the stages after a window's last sample: median, and the interval up to the 95th percentile."""
    stages = {}
    for stage in LATENCY_STAGES:
        times = stage_us[stage]
        middle, high = (float(value) / 1e3 for value in np.percentile(times, (50, 95)))
        source = "the device's own timer, per window"
        stages[stage] = Quantity(middle, "ms", evidence, len(times), (middle, high), source)
    return stages


def _observations(
    device: Device,
    bundle: Bundle,
    segments: Sequence[Segment],
    chip: Chip,
    log: _Log,
    stage_us: Mapping[str, NDArray[np.float64]],
) -> Observations:
    manifest = bundle.manifest
    keyword = np.stack([result.keyword for result in log.results])
    keyword_truth = [
        manifest.keywords.index(one.keyword) if one.keyword is not None else NO_KEYWORD for one in segments
    ]
    return Observations(
        names=tuple(segment.name for segment in segments),
        speakers=tuple(segment.speaker for segment in segments),
        labels=tuple(manifest.labels),
        keywords=tuple(manifest.keywords),
        truth=np.array([segment.label for segment in segments], np.int64),
        keyword_truth=np.array(keyword_truth, np.int64),
        acoustic=np.stack([result.acoustic for result in log.results]),
        keyword=keyword,
        fused=np.stack([result.fused for result in log.results]),
        vote=manifest.keyword_vote.apply(keyword),
        features_lsb=np.array(log.features_lsb, np.int64),
        features_compared=log.compared,
        scores_lsb=np.array(log.scores_lsb, np.int64),
        audio_s=np.array(log.audio_s),
        wall_s=np.array([result.seconds for result in log.results]),
        stage_us={stage: float(times.mean()) for stage, times in stage_us.items()},
        device_ram_bytes=max(result.ram_peak_bytes for result in log.results),
        evidence=device.evidence,
        keeps_time=device.keeps_time,
        heard=(*manifest.split.train, *manifest.split.validation),
        speech=manifest.speech,
        models=tuple(
            ModelFacts(name, *_file_facts(bundle, model)) for name, model in manifest.models.items()
        ),
        fusion_bytes=fusion_bytes(manifest.fusion),
        chip=chip,
        figures=manifest.figures,
        example=log.example,
    )


def _file_facts(bundle: Bundle, model: ModelFile) -> tuple[int, bool]:
    """Return the bytes of the file that a board gets, and whether the Edge TPU compiler made it."""
    compiled = bundle.compiled_path(model)
    return (compiled.stat().st_size, True) if compiled else (model.bytes, False)
