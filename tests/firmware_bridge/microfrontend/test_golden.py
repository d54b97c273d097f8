"""Frozen answers: what a board, another machine or a later version must still compute."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from firmware_bridge.microfrontend import FrontendSpec, InputScaling, MicroFrontend, preset
from firmware_bridge.microfrontend.golden import SAMPLES, golden_signals
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch

SPECS = {
    "yamnet": preset("yamnet"),
    "voice": preset("voice"),
    "default": preset("default"),
    "float": FrontendSpec(step_ms=10, tables="float"),
    "mltk": FrontendSpec(step_ms=10, dc_notch=DcNotch(), activity=ActivityDetection(), tables="mixed"),
}
FROZEN = {
    "yamnet": "57f0e5af86951a2dbaace13f8ceee0e3b574aec1918065cace9d7907ed56325e",
    "voice": "b4721d807d6d21f00830d7f489a0a56125a6342def477b9b4e9ec5e75f4b8a8e",
    "default": "5919475091cde05a8163fa940e02b7b0dbbea06f6dba14edf2d58d7d866dbb51",
    "float": "d0591b17107d4e21de0aa6302f139df040989fceefa7aa0a70e2bc87c963fb6b",
    "mltk": "8ce98cc0aec3db45cf829c6b1ae2d0e0c4e009bab1aaac7f3fc415b5630e953c",
}


def digest(frontend: MicroFrontend, scaling: InputScaling) -> str:
    """Return the SHA-256 of all features and of their int8 form."""
    total = hashlib.sha256()
    for pcm in golden_signals().values():
        features = frontend.process(pcm)
        total.update(features.astype("<u2").tobytes())
        total.update(scaling.apply(features).tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("name", sorted(SPECS))
def test_features_of_the_golden_signals(name: str, backend: str) -> None:
    assert digest(MicroFrontend(SPECS[name], backend), InputScaling()) == FROZEN[name]


def test_the_golden_signals_are_themselves_frozen() -> None:
    joined = b"".join(pcm.astype("<i2").tobytes() for pcm in golden_signals().values())
    assert (
        hashlib.sha256(joined).hexdigest()
        == "fde1b8a88c1bc7f38c5a3351a49e01144ed19d62fcaf0c2fb5b37c5ff6adb2be"
    )
    assert all(len(pcm) == SAMPLES and pcm.dtype == np.int16 for pcm in golden_signals().values())


@pytest.mark.parametrize("hz", [200, 440, 1000, 2500, 6000])
def test_a_tone_is_loudest_in_its_own_channel(hz: int) -> None:
    spec = preset("yamnet")
    tone = (9000 * np.sin(2 * np.pi * hz * np.arange(SAMPLES) / SAMPLES)).astype(np.int16)
    features = MicroFrontend(spec).process(tone)
    low, high = (1127 * np.log1p(edge / 700) for edge in (spec.lower_hz, spec.upper_hz))
    place = (1127 * np.log1p(hz / 700) - low) / (high - low) * (spec.channels + 1) - 1
    assert abs(int(features.mean(axis=0).argmax()) - place) <= 1.5


def test_twice_the_level_adds_the_logarithm_of_two() -> None:
    noise = np.random.default_rng(1).integers(-4000, 4000, SAMPLES).astype(np.int16)
    frontend = MicroFrontend(preset("yamnet"))
    gained = frontend.process(noise * 2).astype(int) - frontend.process(noise)
    assert gained.mean() == pytest.approx(64 * np.log(2), abs=0.5)


def test_silence_is_all_zero_and_loudness_never_overflows() -> None:
    for spec in SPECS.values():
        assert not MicroFrontend(spec).process(golden_signals()["silence"]).any()
        assert MicroFrontend(spec).process(golden_signals()["full-scale square"]).max() < 1100


def test_pcan_levels_quiet_and_loud_speech() -> None:
    """Its purpose: the same sound at a twentieth of the level gives nearly the same features."""
    rng = np.random.default_rng(6)
    envelope = np.abs(np.sin(np.arange(3 * SAMPLES) / 3000))
    loud = (9000 * envelope * rng.standard_normal(3 * SAMPLES)).clip(-32768, 32767).astype(np.int16)
    quiet = (loud // 20).astype(np.int16)
    level, flat = MicroFrontend(FrontendSpec(pcan=None)), MicroFrontend(FrontendSpec())
    apart = np.abs(level.process(loud)[50:].astype(int) - level.process(quiet)[50:]).mean()
    near = np.abs(flat.process(loud)[50:].astype(int) - flat.process(quiet)[50:]).mean()
    assert near < apart / 3
