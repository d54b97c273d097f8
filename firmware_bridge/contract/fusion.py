"""The late-fusion head in exact integers: the arithmetic that the chip does after both networks.

One linear layer over two int8 score vectors, acoustic and keyword:

    accumulator[c] = bias[c] + sum_j weight[c][j] * (score[j] - zero_point[j])        (int32)
    fused[c] = clip((accumulator[c] + 2^(shift-1)) >> shift, -128, 127)               (int8)

Each branch's score scale is folded into its columns, and the output's scale into all of them, so that
the only requantisation is a rounding shift. With keyword *posteriors* and acoustic *logits* as its
inputs this layer can express Bayes' rule for a known word: log p(c | sound) + log P(word | c).
"""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator, ValidationError, model_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

from firmware_bridge.base.errors import BundleInvalid, InvalidSetting
from firmware_bridge.base.settings import Settings, explain

WEIGHT_LIMIT = 32767
LARGEST_SHIFT = 24


def _int32(values: Any) -> NDArray[np.int32]:
    """Return a (nested) list of integers as int32; what does not fit is a ValueError, never wrapped."""
    array = np.array(values)
    limits = np.iinfo(np.int32)
    if array.dtype.kind != "i" or array.size == 0 or array.min() < limits.min or array.max() > limits.max:
        raise ValueError("not a list of 32-bit integers")
    return array.astype(np.int32)


def _as_list(values: NDArray[np.int32]) -> list[Any]:
    listed: list[Any] = values.tolist()
    return listed


Int32 = Annotated[NDArray[np.int32], PlainValidator(_int32), PlainSerializer(_as_list)]


class FusionHead(Settings):
    """An integer linear layer over the concatenated scores of both branches.

    Attributes:
        weight: int32[classes, inputs], each value within int16.
        bias: int32[classes].
        zero_point: int32[inputs] of the incoming scores.
        shift: Fractional bits of the accumulator, 1 to 24.
        output_scale: Real value of one step of the int8 result.

    Raises:
        BundleInvalid: Values that do not fit together, or with which 32 bits could overflow.
    """

    weight: Int32
    bias: Int32
    zero_point: Int32
    shift: int
    output_scale: float

    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            what = explain(error, cls, "fusion head cannot be read").what
            raise BundleInvalid(what, "build the bundle again") from error

    @model_validator(mode="after")
    def _check(self) -> Self:
        weight, bias, zero_point, again = self.weight, self.bias, self.zero_point, "build the bundle again"
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or zero_point.shape != weight.shape[1:]:
            raise BundleInvalid(
                f"fusion head of shapes {weight.shape}, {bias.shape}, {zero_point.shape} does not fit together",
                again,
            )
        # In 64 bits: the absolute value of the least 32-bit integer does not fit 32 bits.
        sizes, offsets = np.abs(weight.astype(np.int64)), np.abs(bias.astype(np.int64))
        if not 1 <= self.shift <= LARGEST_SHIFT or sizes.max(initial=0) > WEIGHT_LIMIT:
            raise BundleInvalid(
                f"fusion head out of range: shift {self.shift} (1..24), weights must fit int16", again
            )
        if ((zero_point < -128) | (zero_point > 127)).any():
            raise BundleInvalid("fusion head with a zero point outside -128..127", again)
        if not 0 < self.output_scale < float("inf"):
            raise BundleInvalid(f"fusion head with output scale {self.output_scale}", again)
        largest = int((sizes.sum(1) * 255 + offsets).max(initial=0)) + (1 << (self.shift - 1))
        if largest > np.iinfo(np.int32).max:
            raise BundleInvalid("fusion head can overflow 32 bits", again)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FusionHead) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]  # as everything that holds arrays

    @classmethod
    def from_float(
        cls,
        weight: NDArray[np.float64],
        bias: NDArray[np.float64],
        scales: NDArray[np.float64],
        zero_points: NDArray[np.int32],
        largest_output: float,
    ) -> FusionHead:
        """Quantise a float layer.

        Args:
            weight: float[classes, inputs], acting on real scores.
            bias: float[classes].
            scales: float[inputs], real value of one step of each incoming int8 score.
            zero_points: int[inputs] of the incoming scores.
            largest_output: The largest absolute output to represent; it becomes +-127.

        Raises:
            InvalidSetting: `largest_output` is not positive, or a value is not finite.
        """
        finite = all(np.isfinite(values).all() for values in (weight, bias, scales))
        if not 0 < largest_output < float("inf") or not finite:
            raise InvalidSetting(
                "a fusion head needs finite weights and a positive output range", "train it again"
            )
        output_scale = largest_output / 127.0
        folded = weight * scales / output_scale
        shift = LARGEST_SHIFT
        limit = WEIGHT_LIMIT / max(float(np.abs(folded).max()), 1e-12)
        bias_limit = 2.0**29 / max(float(np.abs(bias / output_scale).max()), 1e-12)
        while shift > 1 and 2.0**shift > min(limit, bias_limit):
            shift -= 1
        return cls(
            weight=np.rint(folded * 2.0**shift).astype(np.int32),
            bias=np.rint(bias / output_scale * 2.0**shift).astype(np.int32),
            zero_point=zero_points.astype(np.int32),
            shift=shift,
            output_scale=output_scale,
        )

    def apply(self, scores: NDArray[np.int8]) -> NDArray[np.int8]:
        """Return the fused scores.

        Args:
            scores: int8[..., inputs], acoustic scores first, then keyword scores.

        Returns:
            int8[..., classes].
        """
        centred = scores.astype(np.int64) - self.zero_point
        accumulator = centred @ self.weight.T.astype(np.int64) + self.bias
        shifted = (accumulator + (1 << (self.shift - 1))) >> self.shift
        return np.clip(shifted, -128, 127).astype(np.int8)
