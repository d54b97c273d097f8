"""Signals that provoke, and the stock front-ends."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.microfrontend import PRESETS, FrontendSpec
from firmware_bridge.microfrontend.golden import golden_signals
from firmware_bridge.microfrontend.spec import ActivityDetection, DcNotch, LogScale, NoiseReduction, Pcan


@pytest.fixture(scope="session")
def signals() -> dict[str, NDArray[np.int16]]:
    """One second each of what tries a fixed-point front-end most."""
    return golden_signals()


@pytest.fixture(scope="session")
def specs() -> dict[str, FrontendSpec]:
    """The presets and specs that reach every branch: odd windows, small and large FFTs, stages on and off."""
    more = {
        "8 kHz, radix 2": FrontendSpec(sample_rate_hz=8000, upper_hz=3800, channels=20),
        "odd window, FFT 1024": FrontendSpec(sample_rate_hz=22050, window_ms=25, step_ms=7, upper_hz=11000),
        "linear": FrontendSpec(sample_rate_hz=44100, window_ms=40, channels=80, upper_hz=16000, log=None),
        "FFT 32": FrontendSpec(window_ms=2, step_ms=1, channels=3),
        "FFT 4096": FrontendSpec(window_ms=200, step_ms=60, channels=100),
        "coarse log": FrontendSpec(log=LogScale(shift=0), tables="float"),
        "fine log": FrontendSpec(log=LogScale(shift=11), noise_reduction=None, pcan=None),
        "saturated gain": FrontendSpec(pcan=Pcan(strength=0.4, offset=140.0, gain_bits=22), log=None),
        "noise bits wrap": FrontendSpec(noise_reduction=NoiseReduction(smoothing_bits=16), pcan=None),
        "MLTK's all": FrontendSpec(
            step_ms=10, dc_notch=DcNotch(), activity=ActivityDetection(), tables="mixed"
        ),
    }
    return dict(PRESETS) | more


def _oracle(kind: str) -> object:
    import tools.lab.oracles

    try:
        return getattr(tools.lab.oracles, kind)()
    except (ImportError, EnvironmentLacking) as error:
        pytest.skip(f"{kind} is not at hand: {error}")


@pytest.fixture(scope="session")
def tensorflow_op() -> object:
    """TensorFlow's op behind the face of tools.lab.oracles; skipped where there is none."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return _oracle("TensorflowOp")


@pytest.fixture(scope="session")
def mltk() -> object:
    """MLTK's wrapper; skipped where it was not fetched (`make alignment` does)."""
    return _oracle("Mltk")


@pytest.fixture(scope="session")
def pymicro() -> object:
    """pymicro-features; skipped where it is not installed."""
    return _oracle("PymicroFeatures")


@pytest.fixture(scope="session")
def ravdess_clips(data_root: Path) -> list[NDArray[np.int16]]:
    """Every clip of RAVDESS, int16 at 16 kHz."""
    import soundfile

    files = sorted((data_root / "ravdess" / "audio").glob("Actor_*/*.flac"))
    return [soundfile.read(file, dtype="int16")[0] for file in files]
