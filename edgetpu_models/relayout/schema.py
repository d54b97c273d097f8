"""What stands behind every offset of a compiled file: field numbers of TFLite's and libedgetpu's schemas.

A field's kind is `.` (a number), `.8` (a number of 8 bytes), `string`, `bytes`, `[4]` (a list of numbers of that
size), `[Name]` (a list of tables), `[string]`, `Name` (a table) or `?Name` (a union; the field before it says which
table). `@N` behind it: its data begins at a multiple of N bytes, counted from the end of the buffer. The alignments
that the schemas do not give were read from real files (docs/inside_a_compiled_model.md).
Sources: tensorflow/lite/schema/schema.fbs, libedgetpu executable/executable.fbs.
"""

from __future__ import annotations

from collections.abc import Mapping

Fields = Mapping[int, str]


def _fields(*kinds: str) -> Fields:
    return dict(enumerate(kinds))


PROGRAM: Mapping[str, Fields] = {
    "Package": _fields(".", "bytes@4096", "bytes", ".", "string", ".", "[Package]", "string"),
    "MultiExecutable": _fields("[string@4096]"),
    "Executable": _fields(
        *(
            ".",
            "string",
            "bytes",
            ".",
            ".",
            "[Bitstream]",
            "bytes@4096",
            "Hints",
            "[Layer]",
            "[Layer]",
            "string",
        ),
        *(".", ".", ".", ".8", ".", ".8"),
    ),
    "Bitstream": _fields("bytes@16", "[FieldOffset]"),
    "FieldOffset": _fields("Meta", "."),
    "Meta": _fields(".", ".", "string", "."),
    "Hints": _fields("[Hint]", "."),
    "Hint": _fields(".", "?Hint", "."),
    "Descriptor": _fields("Meta", ".", "."),
    "Numbers": _fields(".", ".", "."),
    "Layer": _fields("string", ".", ".", ".", ".", "Numbers", ".", ".", "?Layer", ".", ".", "Shape"),
    "OutputLayer": _fields("OutputLayout", ".", "Slices"),
    "OutputLayout": _fields(*["[4]"] * 6),
    "Slices": _fields("[TensorLayout]", "[4]"),
    "TensorLayout": _fields("Shape", "[4]"),
    "Shape": _fields("[4:8]"),
}

OUTER: Mapping[str, Fields] = {
    "Model": _fields(
        *(".", "[OperatorCode]", "[SubGraph]", "string", "[Buffer]", "[4]", "[Metadata]", "[Signature]")
    ),
    "OperatorCode": _fields(".", "string", ".", "."),
    "SubGraph": _fields("[Tensor]", "[4]", "[4]", "[Operator]", "string", "."),
    "Tensor": _fields("[4]", ".", ".", "string", "Quantization", ".", "", "[4]", "."),
    "Quantization": _fields("[4]", "[4]", "[4]", "[8]", ".", "", "."),
    "Operator": _fields(".", "[4]", "[4]", ".", "?Options", "bytes@32", ".", "[1]", "[4]"),
    "Buffer": _fields("bytes"),
    "Metadata": _fields("string", "."),
    "Signature": _fields("[TensorMap]", "[TensorMap]", "string", "", "."),
    "TensorMap": _fields("string", "."),
    "Options": _fields(*["."] * 12),
    "Sizes": _fields("[4]"),
}

# Union members by number, where they hold more than numbers; settings of operations hold numbers else.
UNIONS: Mapping[str, Mapping[int, str]] = {
    "?Hint": {1: "Descriptor", 2: "Numbers", 3: "Numbers", 4: "Numbers"},
    "?Layer": {1: "OutputLayer", 2: "Numbers"},
    "?Options": {**dict.fromkeys(range(1, 106), "Options"), 17: "Sizes", 30: "Sizes"},
}


def outer(old_build: bool) -> Mapping[str, Fields]:
    """Return the schema of the file around the program; builds of 2019/20 align nothing there beyond 4 bytes."""
    if not old_build:
        return OUTER
    operator = {slot: kind.replace("@32", "") for slot, kind in OUTER["Operator"].items()}
    return {**OUTER, "Operator": operator}
