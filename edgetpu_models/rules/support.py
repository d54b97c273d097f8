"""The operations that the Edge TPU compiler (16.0) takes, and how far each is known.

`seen` counts operations found inside real compiled models (313 files, facts of the format, not of one model);
`version` is the highest one seen mapped there. `documented` is the official list of supported operations.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Support:
    """One operation.

    Attributes:
        runtime: Lowest Edge TPU runtime that runs it.
        seen: How many were found mapped.
        version: Highest operation version known to be taken.
        documented: Whether the official list names it.
        note: Its constraints in words; the checks themselves are rules.
    """

    runtime: int = 10
    seen: int = 0
    version: int = 2
    documented: bool = True
    note: str = ""


SUPPORTED: dict[str, Support] = {
    "ADD": Support(seen=968),
    "AVERAGE_POOL_2D": Support(seen=84, note="no fused activation"),
    "CONCATENATION": Support(seen=41, note="no fused activation; a constant input must be zero, one of two"),
    "CONV_2D": Support(seen=3062, version=3, note="same dilation in x and y"),
    "DEPTHWISE_CONV_2D": Support(seen=1619, version=3, note="same dilation in x and y (runtime 13)"),
    "EXPAND_DIMS": Support(runtime=13),
    "FULLY_CONNECTED": Support(seen=494, version=4, note="default weight format, one-dimensional output"),
    "L2_NORMALIZATION": Support(),
    "LOGISTIC": Support(seen=5),
    "MAXIMUM": Support(seen=23),
    "MAX_POOL_2D": Support(seen=24, note="no fused activation"),
    "MEAN": Support(seen=3, note="not over the batch; over z only when z is a multiple of 4 (runtime 13)"),
    "MINIMUM": Support(),
    "MUL": Support(seen=29),
    "PACK": Support(runtime=13, note="not in the batch"),
    "PAD": Support(seen=94, note="not in the batch"),
    "PRELU": Support(runtime=13, seen=19, version=1, note="one-dimensional alpha"),
    "QUANTIZE": Support(runtime=13, seen=216, note="between 8-bit types only"),
    "REDUCE_MAX": Support(runtime=14, note="not over the batch"),
    "REDUCE_MIN": Support(runtime=14, note="not over the batch"),
    "RELU": Support(),
    "RELU6": Support(),
    "RELU_N1_TO_1": Support(),
    "RESHAPE": Support(seen=89, version=1, note="some large tensors are not mapped"),
    "RESIZE_BILINEAR": Support(seen=4, version=3, note="three-dimensional; some sizes are not mapped"),
    "RESIZE_NEAREST_NEIGHBOR": Support(version=2, note="three-dimensional; some sizes are not mapped"),
    "RSQRT": Support(runtime=14),
    "SLICE": Support(),
    "SOFTMAX": Support(seen=102, note="one-dimensional, at most 16,000 elements"),
    "SPACE_TO_DEPTH": Support(),
    "SPLIT": Support(seen=2, note="not in the batch"),
    "SQUARED_DIFFERENCE": Support(runtime=14),
    "SQUEEZE": Support(note="leading dimensions only before runtime 13"),
    "STRIDED_SLICE": Support(version=4, note="strides 1, no ellipsis, no new axis"),
    "SUB": Support(seen=2),
    "SUM": Support(runtime=13, note="not over the batch"),
    "TANH": Support(seen=1),
    "TILE": Support(seen=1, version=1, documented=False, note="seen once, from 1x1 to a map"),
    "TRANSPOSE": Support(runtime=14, note="two files with a 5-D one, not mapped"),
    "TRANSPOSE_CONV": Support(runtime=13, version=3),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Support(runtime=12, seen=1, version=1),
}

# Operators that take a constant of fixed meaning (axes, sizes) in these places.
ARGUMENTS: dict[str, tuple[int, ...]] = {
    "MEAN": (1,),
    "SUM": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "PAD": (1,),
    "TRANSPOSE": (1,),
    "STRIDED_SLICE": (1, 2, 3),
    "SLICE": (1, 2),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "EXPAND_DIMS": (1,),
    "TILE": (1,),
    "SPLIT": (0,),
    "RESHAPE": (1,),
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "TRANSPOSE_CONV": (0, 1, 3),
    "PRELU": (1,),
}

LAST_KNOWN_BUILTIN = 149  # codes from 150 (GELU) on are out of range for the compiler's own TFLite
