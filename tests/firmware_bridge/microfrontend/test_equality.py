"""The promise of this room: not one differing value, in any implementation, on any signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend import PRESETS, FrontendSpec, LogScale, MicroFrontend, NoiseReduction, Pcan
from firmware_bridge.microfrontend.mltk import scaling_from_mltk
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch

Signals = dict[str, NDArray[np.int16]]


def differing(spec: FrontendSpec, pcm: NDArray[np.int16], expected: NDArray[np.uint16]) -> int:
    """Return how many features of the core and of the reference differ from what is expected."""
    results = [MicroFrontend(spec, backend).process(pcm) for backend in ("native", "reference")]
    assert all(result.shape == expected.shape for result in results)
    return sum(int((result != expected).sum()) for result in results)


def test_core_equals_reference_on_every_signal_and_spec(
    signals: Signals, specs: dict[str, FrontendSpec]
) -> None:
    for name, spec in specs.items():
        core, reference = MicroFrontend(spec, "native"), MicroFrontend(spec, "reference")
        for kind, pcm in signals.items():
            assert np.array_equal(core.process(pcm), reference.process(pcm)), (name, kind)


def test_tensorflows_op_on_every_signal_and_spec(
    tensorflow_op: Any, signals: Signals, specs: dict[str, FrontendSpec]
) -> None:
    for name, spec in specs.items():
        if not tensorflow_op.supports(spec):
            continue
        spec = spec.model_copy(update={"tables": "double"})
        for kind, pcm in signals.items():
            assert differing(spec, pcm, tensorflow_op.process(pcm, spec)) == 0, (name, kind)


FRACTIONS = st.floats(0, 1, width=32)


@st.composite
def valid_specs(draw: st.DrawFn) -> FrontendSpec:
    """Return a random spec that the front-end accepts."""
    rate = draw(st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]))
    window = draw(st.integers(4, min(80, 4096 * 1000 // rate)))
    low = draw(st.integers(0, rate // 4))
    noise = NoiseReduction(
        smoothing_bits=draw(st.integers(6, 12)),
        even_smoothing=draw(FRACTIONS),
        odd_smoothing=draw(FRACTIONS),
        min_signal_remaining=draw(FRACTIONS),
    )
    pcan = Pcan(
        strength=draw(FRACTIONS), offset=draw(st.integers(1, 500)), gain_bits=draw(st.integers(18, 26))
    )
    stages = draw(st.sampled_from([(noise, pcan), (noise, None), (None, None)]))
    shift = draw(st.integers(0, 11))
    try:
        return FrontendSpec(
            sample_rate_hz=rate,
            window_ms=window,
            step_ms=draw(st.integers(1, window)),
            channels=draw(st.integers(1, 70)),
            lower_hz=low,
            upper_hz=draw(st.integers(low + 50, rate // 2 - 1)),
            noise_reduction=stages[0],
            pcan=stages[1],
            log=draw(st.sampled_from([None, LogScale(shift=shift)])),
        )
    except InvalidSetting:
        reject()


def random_audio(spec: FrontendSpec, seed: int, loudness: int) -> NDArray[np.int16]:
    """Return noise of a whole number of ms, long enough for a few frames."""
    samples = (4 * spec.window_ms + 60) * spec.sample_rate_hz // 1000
    noise = np.random.default_rng(seed).integers(-loudness, loudness + 1, samples)
    return noise.astype(np.int16)


LOUDNESS = st.sampled_from([3, 300, 9000, 32767])
EXAMPLES = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(spec=valid_specs(), seed=st.integers(0, 2**32 - 1), loudness=LOUDNESS)
def test_tensorflows_op_on_random_specs(
    tensorflow_op: Any, spec: FrontendSpec, seed: int, loudness: int
) -> None:
    pcm = random_audio(spec, seed, loudness)
    assert differing(spec, pcm, tensorflow_op.process(pcm, spec)) == 0


@EXAMPLES
@given(spec=valid_specs(), seed=st.integers(0, 2**32 - 1), notch=st.floats(0, 0.99609375, width=32))
def test_mltk_on_random_specs(mltk: Any, spec: FrontendSpec, seed: int, notch: float) -> None:
    extra = {"tables": "mixed", "dc_notch": DcNotch(coefficient=notch), "activity": ActivityDetection()}
    spec = spec.model_copy(update=extra)
    pcm = random_audio(spec, seed, 20000)
    assert differing(spec, pcm, mltk.process(pcm, spec)) == 0


MLTK_SPECS = {
    "plain": FrontendSpec(step_ms=10, noise_reduction=None, pcan=None),
    "all stages": FrontendSpec(step_ms=10, dc_notch=DcNotch(), activity=ActivityDetection()),
    "quick notch": FrontendSpec(dc_notch=DcNotch(coefficient=0.5), pcan=None),
    "nervous detector": FrontendSpec(
        activity=ActivityDetection(alpha_a=0.1, alpha_b=0.99, arm_threshold=0.9, trip_threshold=1.2)
    ),
    "yamnet": PRESETS["yamnet"],
    "voice": PRESETS["voice"],
}


@pytest.mark.parametrize("name", sorted(MLTK_SPECS))
def test_mltk_with_its_extra_stages(mltk: Any, signals: Signals, name: str) -> None:
    spec = MLTK_SPECS[name].model_copy(update={"tables": "mixed"})
    for kind, pcm in signals.items():
        assert differing(spec, pcm, mltk.process(pcm, spec)) == 0, kind
        for backend in ("native", "reference"):
            stream = MicroFrontend(spec, backend).stream()
            stream.push(pcm)
            assert stream.activity_detected() == (spec.activity is not None and mltk.detected), (
                kind,
                backend,
            )


@pytest.mark.parametrize("dynamic_db", [None, 20.0, 40.0, 90.0])
def test_mltks_int8_features(mltk: Any, signals: Signals, dynamic_db: float | None) -> None:
    spec = MLTK_SPECS["plain"].model_copy(update={"tables": "mixed"})
    chosen = {
        "quantize_dynamic_scale_enable": dynamic_db is not None,
        "quantize_dynamic_scale_range_db": dynamic_db or 0.0,
    }
    scaling = scaling_from_mltk(chosen)
    for kind, pcm in signals.items():
        ours = scaling.apply(MicroFrontend(spec).process(pcm))
        assert np.array_equal(ours, mltk.quantised(pcm, spec, dynamic_db)), kind


def test_pymicro_features(pymicro: Any, signals: Signals) -> None:
    spec = FrontendSpec(step_ms=10, tables="float")
    assert pymicro.supports(spec)
    assert not pymicro.supports(FrontendSpec())
    for kind, pcm in signals.items():
        assert differing(spec, pcm, pymicro.process(pcm, spec)) == 0, kind


def test_switched_off_noise_reduction_equals_none(signals: Signals) -> None:
    off = NoiseReduction(min_signal_remaining=1.0)
    for pcm in signals.values():
        with_stage = MicroFrontend(FrontendSpec(noise_reduction=off, pcan=None)).process(pcm)
        assert np.array_equal(
            with_stage, MicroFrontend(FrontendSpec(noise_reduction=None, pcan=None)).process(pcm)
        )


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["default", "yamnet", "voice"])
def test_every_ravdess_clip(tensorflow_op: Any, ravdess_clips: list[NDArray[np.int16]], name: str) -> None:
    """The core on all 1080 clips, the reference on every tenth."""
    spec = PRESETS[name]
    ours = MicroFrontend(spec, "native").process_batch(ravdess_clips, threads=2)
    reference = MicroFrontend(spec, "reference")
    assert len(ours) == 1080
    for index, (pcm, features) in enumerate(zip(ravdess_clips, ours, strict=True)):
        assert np.array_equal(features, tensorflow_op.process(pcm, spec))
        if index % 10 == 0:
            assert np.array_equal(features, reference.process(pcm))
