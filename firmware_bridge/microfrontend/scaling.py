"""From features to the int8 input of a network, in integers only: the same on laptop and chip."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.microfrontend.spec import FrontendSettings, require

YAMNET_STEP = 7.0 / 255.0  # the published network sees each clip spread over -3.5 .. 3.5


class InputScaling(FrontendSettings):
    """How uint16 features become int8 network input.

    `fixed` keeps loudness: q = clip(((f - offset) * multiplier + 2^(shift - 1)) >> shift, 0, 255) - 128.

    `range` does not depend on level: with lo and hi the least and greatest feature of the window,
    q = round_half_up(255 * (f - lo) / (hi - lo)) - 128. A window without any contrast (silence)
    gives 0, the middle of the range, everywhere.

    `span` is what micro_speech and MLTK do: q = clip(((f - offset) * 256 + span // 2) // span, 0, 255) - 128.

    `dynamic` is MLTK's other one: with hi the greatest feature of the window and lo = max(hi - span, 0),
    q = clip(255 * (f - lo) // max(hi - lo, 1), 0, 255) - 128.

    Attributes:
        kind: `fixed`, `range`, `span` or `dynamic`.
        offset: Feature that becomes -128 (fixed, span).
        multiplier: Steps per feature unit, times 2^shift (fixed).
        shift: Fractional bits of `multiplier` (fixed).
        span: Features that 256 steps cover (span), or the greatest contrast kept (dynamic).
        real_scale: Real value of one int8 step as the network sees it; its zero point is 0.
    """

    kind: Literal["fixed", "range", "span", "dynamic"] = "range"
    offset: int = 0
    multiplier: int = 1
    shift: int = 1
    span: int = 666
    real_scale: float = YAMNET_STEP

    @model_validator(mode="after")
    def _check(self) -> Self:
        require(0 <= self.offset <= 65535, "offset", self.offset, "0..65535")
        require(1 <= self.multiplier <= 32767, "multiplier", self.multiplier, "1..32767", "32-bit arithmetic")
        require(1 <= self.shift <= 30, "shift", self.shift, "1..30")
        require(1 <= self.span <= 65535, "span", self.span, "1..65535")
        require(self.real_scale > 0, "real_scale", self.real_scale, "a positive number")
        return self

    @classmethod
    def fixed_between(cls, low: int, high: int, real_scale: float = YAMNET_STEP) -> InputScaling:
        """Return the fixed scaling that spreads features `low`..`high` over -128..127.

        Raises:
            InvalidSetting: If `low`..`high` is no range of uint16 features.
        """
        if not 0 <= low < high <= 65535:
            raise InvalidSetting(f"{low}..{high} is no range of features", "set 0 <= low < high <= 65535")
        shift = 1
        while shift < 30 and 255 * (1 << (shift + 1)) / (high - low) <= 32767:
            shift += 1
        multiplier = max(1, round(255 * (1 << shift) / (high - low)))
        return cls(kind="fixed", offset=low, multiplier=multiplier, shift=shift, real_scale=real_scale)

    @classmethod
    def dynamic(cls, range_db: float, log_shift: int, real_scale: float = YAMNET_STEP) -> InputScaling:
        """Return the dynamic scaling that keeps `range_db` dB below the loudest feature.

        Args:
            range_db: Contrast in dB.
            log_shift: Fractional bits of the features' logarithm.
            real_scale: Real value of one int8 step.
        """
        span = int(float(np.float32(range_db) * np.float32(1 << log_shift)) * 0.11512925465)  # ln(10) / 20
        return cls(kind="dynamic", span=span, real_scale=real_scale)

    def apply(self, features: NDArray[np.uint16]) -> NDArray[np.int8]:
        """Return the network's input.

        Args:
            features: uint16[..., frames, channels]; each leading index is a window of its own.

        Returns:
            int8 of the same shape.
        """
        values = features.astype(np.int64)
        if self.kind == "fixed":
            steps = ((values - self.offset) * self.multiplier + (1 << (self.shift - 1))) >> self.shift
            return (np.clip(steps, 0, 255) - 128).astype(np.int8)
        if self.kind == "span":
            steps = ((values - self.offset) * 256 + self.span // 2) // self.span
            return (np.clip(steps, 0, 255) - 128).astype(np.int8)
        if values.size == 0:
            return np.zeros(values.shape, dtype=np.int8)
        if self.kind == "dynamic":
            high = values.max(axis=(-2, -1), keepdims=True)
            floor = np.maximum(high - self.span, 0)
            steps = 255 * (values - floor) // np.maximum(high - floor, 1)
            return np.asarray(np.clip(steps, 0, 255) - 128, dtype=np.int8)
        low = values.min(axis=(-2, -1), keepdims=True)
        spread = values.max(axis=(-2, -1), keepdims=True) - low
        steps = (510 * (values - low) + spread) // np.maximum(2 * spread, 1) - 128
        return np.asarray(np.where(spread > 0, steps, 0), dtype=np.int8)
