"""The settings of operations: which table the schema gives them, and which of its fields are read.

Slot numbers are the order of the fields in the TFLite schema.
"""

from __future__ import annotations

from edgetpu_models.format.flatbuffer import Table, damaged
from edgetpu_models.format.model import Option
from edgetpu_models.format.names import ACTIVATIONS, TENSOR_TYPES

Field = tuple[int, str, int]  # slot, kind of value, default

_ACTIVATION = "activation"
_PADDING = "padding"
_CONV: dict[str, Field] = {
    "padding": (0, _PADDING, 0),
    "stride_w": (1, "i", 0),
    "stride_h": (2, "i", 0),
    "activation": (3, _ACTIVATION, 0),
    "dilation_w": (4, "i", 1),
    "dilation_h": (5, "i", 1),
}
_POOL: dict[str, Field] = {
    "padding": (0, _PADDING, 0),
    "stride_w": (1, "i", 0),
    "stride_h": (2, "i", 0),
    "filter_w": (3, "i", 0),
    "filter_h": (4, "i", 0),
    "activation": (5, _ACTIVATION, 0),
}
_FUSED: dict[str, Field] = {"activation": (0, _ACTIVATION, 0)}
_LSTM: dict[str, Field] = {"activation": (0, _ACTIVATION, 0), "time_major": (3, "?", 0)}

# operation: (number of its options table in the union, its fields)
TABLES: dict[str, tuple[int, dict[str, Field]]] = {
    "CONV_2D": (1, _CONV),
    "DEPTHWISE_CONV_2D": (
        2,
        {
            "padding": (0, _PADDING, 0),
            "stride_w": (1, "i", 0),
            "stride_h": (2, "i", 0),
            "depth_multiplier": (3, "i", 0),
            "activation": (4, _ACTIVATION, 0),
            "dilation_w": (5, "i", 1),
            "dilation_h": (6, "i", 1),
        },
    ),
    "AVERAGE_POOL_2D": (5, _POOL),
    "MAX_POOL_2D": (5, _POOL),
    "FULLY_CONNECTED": (
        8,
        {"activation": (0, _ACTIVATION, 0), "weights_format": (1, "b", 0), "keep_num_dims": (2, "?", 0)},
    ),
    "SOFTMAX": (9, {"beta": (0, "f", 0)}),
    "CONCATENATION": (10, {"axis": (0, "i", 0), "activation": (1, _ACTIVATION, 0)}),
    "ADD": (11, _FUSED),
    "L2_NORMALIZATION": (12, _FUSED),
    "RESIZE_BILINEAR": (15, {"align_corners": (2, "?", 0), "half_pixel_centers": (3, "?", 0)}),
    "RESIZE_NEAREST_NEIGHBOR": (74, {"align_corners": (0, "?", 0), "half_pixel_centers": (1, "?", 0)}),
    "RESHAPE": (17, {"new_shape": (0, "ints", 0)}),
    "MUL": (21, _FUSED),
    "MEAN": (27, {"keep_dims": (0, "?", 0)}),
    "SUM": (27, {"keep_dims": (0, "?", 0)}),
    "REDUCE_MAX": (27, {"keep_dims": (0, "?", 0)}),
    "REDUCE_MIN": (27, {"keep_dims": (0, "?", 0)}),
    "SUB": (28, _FUSED),
    "DIV": (29, _FUSED),
    "SQUEEZE": (30, {"squeeze_dims": (0, "ints", 0)}),
    "STRIDED_SLICE": (
        32,
        {
            "begin_mask": (0, "i", 0),
            "end_mask": (1, "i", 0),
            "ellipsis_mask": (2, "i", 0),
            "new_axis_mask": (3, "i", 0),
            "shrink_axis_mask": (4, "i", 0),
        },
    ),
    "SPLIT": (35, {"num_splits": (0, "i", 0)}),
    "CAST": (37, {"in_type": (0, "type", 0), "out_type": (1, "type", 0)}),
    "TRANSPOSE_CONV": (
        49,
        {
            "padding": (0, _PADDING, 0),
            "stride_w": (1, "i", 0),
            "stride_h": (2, "i", 0),
            "activation": (3, _ACTIVATION, 0),
        },
    ),
    "PACK": (59, {"values_count": (0, "i", 0), "axis": (1, "i", 0)}),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (71, _LSTM),
    "LEAKY_RELU": (75, {"alpha": (0, "f", 0)}),
    "BATCH_MATMUL": (101, {"adj_x": (0, "?", 0), "adj_y": (1, "?", 0)}),
}


def _read(table: Table, field: Field, op: str, name: str) -> Option:
    slot, kind, default = field
    if kind == "f":
        return table.number(slot, float(default))
    if kind == "?":
        return table.flag(slot, bool(default))
    if kind == "ints":
        return table.integers(slot)
    if kind == "i":
        return table.integer(slot, "i", default)
    value = table.integer(slot, "b", default)
    names = {_ACTIVATION: ACTIVATIONS, _PADDING: ("SAME", "VALID"), "type": TENSOR_TYPES}.get(kind)
    if names is None:
        return value
    if not 0 <= value < len(names):
        raise damaged(f"{op} has the unknown {name} {value}")
    return names[value]


def read_options(op: str, union_type: int, table: Table | None) -> dict[str, Option]:
    """Return an operation's settings by name; those of operations that nobody asks about stay unread.

    Args:
        op: Builtin name.
        union_type: Which options table the file says it stored.
        table: That table.

    Raises:
        ModelInvalid: The table belongs to another operation, or a value has no meaning.
    """
    if op not in TABLES:
        return {}
    expected, fields = TABLES[op]
    if table is None:
        union_type = expected
    if union_type != expected:
        raise damaged(f"{op} carries the settings of another operation (union member {union_type})")
    if table is None:
        return {}
    return {name: _read(table, field, op, name) for name, field in fields.items()}
