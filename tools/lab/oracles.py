"""The stock micro-frontends behind one face: what ours is compared with, in equality and in speed.

They are development dependencies. None of them is needed to compute features.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.paths import BUILD
from firmware_bridge.microfrontend import FrontendSpec, NoiseReduction, Pcan
from firmware_bridge.microfrontend.spec import TablePrecision

Features = NDArray[np.uint16]
ORACLES = BUILD / "oracles"
# With this the noise reduction leaves the signal as it is, for oracles that cannot switch it off.
NOISE_REDUCTION_OFF = NoiseReduction(min_signal_remaining=1.0)


class Oracle(Protocol):
    """A stock front-end.

    Attributes:
        name: Distribution that it comes from.
        tables: Precision of its tables.
    """

    name: str
    tables: TablePrecision

    def supports(self, spec: FrontendSpec) -> bool:
        """Return whether it can compute this spec (its tables aside)."""
        ...

    def process(self, pcm: NDArray[np.int16], spec: FrontendSpec) -> Features:
        """Return the features of a clip, uint16[frames, channels]."""
        ...


class TensorflowOp:
    """`audio_microfrontend` of TensorFlow: every parameter is free, but there are no MLTK extras."""

    name = "tensorflow-cpu"
    tables: TablePrecision = "double"

    def __init__(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow as tf
        from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

        self._constant: Any = tf.constant
        self._op: Any = audio_microfrontend_op.audio_microfrontend

    def supports(self, spec: FrontendSpec) -> bool:
        """Return whether the spec is free of MLTK's extra stages."""
        return spec.dc_notch is None and spec.activity is None

    def process(self, pcm: NDArray[np.int16], spec: FrontendSpec) -> Features:
        """Return the features of a clip, uint16[frames, channels]."""
        noise, pcan = spec.noise_reduction or NOISE_REDUCTION_OFF, spec.pcan or Pcan()
        result = self._op(
            self._constant(pcm),
            sample_rate=spec.sample_rate_hz,
            window_size=spec.window_ms,
            window_step=spec.step_ms,
            num_channels=spec.channels,
            upper_band_limit=spec.upper_hz,
            lower_band_limit=spec.lower_hz,
            smoothing_bits=noise.smoothing_bits,
            even_smoothing=noise.even_smoothing,
            odd_smoothing=noise.odd_smoothing,
            min_signal_remaining=noise.min_signal_remaining,
            enable_pcan=spec.pcan is not None,
            pcan_strength=pcan.strength,
            pcan_offset=pcan.offset,
            gain_bits=pcan.gain_bits,
            enable_log=spec.log is not None,
            scale_shift=spec.log.shift if spec.log else 6,
        )
        return np.asarray(result.numpy(), dtype=np.uint16)


class Mltk:
    """The compiled wrapper of MLTK, loaded by path: the package itself cannot be imported here."""

    name = "silabs-mltk"
    tables: TablePrecision = "mixed"

    def __init__(self) -> None:
        found = sorted(ORACLES.rglob("_audio_feature_generator_wrapper*.so"))
        if not found:
            raise EnvironmentLacking("MLTK's wrapper is not installed", "run: make alignment")
        loader = importlib.machinery.ExtensionFileLoader("_audio_feature_generator_wrapper", str(found[0]))
        spec = importlib.util.spec_from_loader(loader.name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        self._wrapper: Any = module.AudioFeatureGeneratorWrapper
        self.detected = False

    def supports(self, spec: FrontendSpec) -> bool:
        """Return True: MLTK has every stage."""
        return True

    def process(self, pcm: NDArray[np.int16], spec: FrontendSpec) -> Features:
        """Return the features of a clip; afterwards `detected` says whether activity was detected.

        The clip must be a whole number of ms long.
        """
        out = np.zeros((spec.frames(len(pcm)), spec.channels), dtype=np.uint16)
        self._run(pcm, spec, {}, out)
        return out

    def quantised(
        self, pcm: NDArray[np.int16], spec: FrontendSpec, dynamic_db: float | None
    ) -> NDArray[np.int8]:
        """Return MLTK's int8 features: scaled by the fixed 666 units, or dynamically over so many dB."""
        extra = {
            "quantize_dynamic_scale_enable": dynamic_db is not None,
            "quantize_dynamic_scale_range_db": dynamic_db or 40.0,
        }
        out = np.zeros((spec.frames(len(pcm)), spec.channels), dtype=np.int8)
        self._run(pcm, spec, extra, out)
        return out

    def _run(
        self, pcm: NDArray[np.int16], spec: FrontendSpec, extra: dict[str, Any], out: NDArray[Any]
    ) -> None:
        from firmware_bridge.microfrontend.mltk import to_mltk

        settings = {f"fe.{name}": value for name, value in (to_mltk(spec) | extra).items()}
        settings |= {
            "fe.sample_length_ms": -(-len(pcm) * 1000 // spec.sample_rate_hz),
            "fe.fft_length": spec.fft_size,
        }
        wrapper = self._wrapper(settings)
        wrapper.process_sample(pcm, out)
        self.detected = bool(wrapper.activity_was_detected())


class PymicroFeatures:
    """`pymicro-features`: one configuration, fed 10 ms at a time."""

    name = "pymicro-features"
    tables: TablePrecision = "float"
    _SPEC = FrontendSpec(step_ms=10, tables="float")
    _SCALE = 10.0 / 256.0  # it returns its uint16 features times this

    def __init__(self) -> None:
        from pymicro_features import MicroFrontend

        self._frontend: Any = MicroFrontend

    def supports(self, spec: FrontendSpec) -> bool:
        """Return whether the spec is the one configuration."""
        return spec.model_copy(update={"tables": "float"}) == self._SPEC

    def process(self, pcm: NDArray[np.int16], spec: FrontendSpec) -> Features:
        """Return the features of a clip, uint16[frames, channels]."""
        frontend, data, rows, at = self._frontend(), pcm.tobytes(), [], 0
        hop = 2 * spec.step_samples
        while at + hop <= len(data):
            result = frontend.process_samples(data[at : at + hop])
            at += 2 * result.samples_read
            if result.features:
                rows.append(result.features)
        features = np.asarray(rows, dtype=np.float64).reshape(-1, spec.channels)
        return np.asarray(np.rint(features / self._SCALE), dtype=np.uint16)


def version(oracle: Oracle) -> str:
    """Return the version of an oracle's distribution."""
    paths = [str(ORACLES)] if isinstance(oracle, Mltk) else sys.path
    found = importlib.metadata.distributions(name=oracle.name, path=paths)
    return next((d.version for d in found), "unknown")


def available() -> tuple[list[Oracle], list[str]]:
    """Return the oracles that can be used here, and a line for each that cannot."""
    found: list[Oracle] = []
    missing: list[str] = []
    kinds: tuple[type[TensorflowOp] | type[Mltk] | type[PymicroFeatures], ...] = (
        TensorflowOp,
        Mltk,
        PymicroFeatures,
    )
    for kind in kinds:
        try:
            found.append(kind())
        except (ImportError, EnvironmentLacking) as error:
            missing.append(f"{kind.name}: {error}")
    return found, missing
