"""Changing a model: the schema's object form, in and out. Only verified bytes go in."""

from __future__ import annotations

from typing import Any

from edgetpu_models.verify import verify_model


def open_model(data: bytes) -> Any:
    """Return a verified model as the schema's mutable objects (`ModelT`).

    Raises:
        ModelInvalid: It is damaged.
    """
    verify_model(data)
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def pack(model: Any) -> bytes:
    """Return the bytes of a changed model.

    Raises:
        ModelInvalid: The change made it invalid.
    """
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    data = bytes(builder.Output())
    verify_model(data)
    return data
