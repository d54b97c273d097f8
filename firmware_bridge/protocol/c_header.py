"""The protocol's table as a C header for the firmware."""

from __future__ import annotations

from firmware_bridge.protocol.table import TABLE, Field, Layout, Table

_C_TYPES = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "i8": "int8_t",
    "i16": "int16_t",
    "i32": "int32_t",
    "f32": "float",
}


def _members(field: Field) -> list[str]:
    if not field.most:
        return [f"{_C_TYPES[field.item]} {field.name};"]
    count = "uint8_t" if field.count_code == "B" else "uint16_t"
    element = "char" if field.is_text else _C_TYPES[field.item]
    return [f"{count} {field.name}_count;", f"{element} {field.name}[{field.most}];"]


def render_c_header(table: Table = TABLE) -> str:
    """Return a C99 header: numbers, limits, one struct per message, and unions of all requests and all replies.

    The structs are in memory order, not in wire order: encode field by field, little-endian.

    Args:
        table: The protocol, normally the one of `protocol.toml`.
    """
    lines = [
        "/* Made from protocol.toml by firmware_bridge.protocol.c_header: do not edit. */",
        "#ifndef UNDERTONE_PROTOCOL_H",
        "#define UNDERTONE_PROTOCOL_H",
        "",
        "#include <stdint.h>",
        "",
        f"#define UT_PROTOCOL_VERSION {table.version}u",
        *(f"#define UT_{name.upper()} {value}u" for name, value in table.limits.items()),
        "",
        "enum ut_message_kind {",
        *(f"    UT_KIND_{layout.name.upper()} = {layout.id}," for layout in table.layouts.values()),
        "};",
        "",
        "enum ut_error_code {",
        *(f"    UT_ERROR_{name.upper()} = {code}," for name, code in table.errors.items()),
        "};",
        "",
        "enum ut_capability {",
        *(f"    UT_CAN_{name.upper()} = {bit}," for name, bit in table.capabilities.items()),
        "};",
        "",
        "enum ut_listen_mode {",
        *(f"    UT_LISTEN_{name.upper()} = {mode}," for name, mode in table.listen_modes.items()),
        "};",
        "",
        "enum ut_reset_reason {",
        *(f"    UT_RESET_{name.upper()} = {reason}," for name, reason in table.reset_reasons.items()),
        "};",
        "",
        "enum ut_trouble {",
        *(f"    UT_TROUBLE_{name.upper()} = {bit}," for name, bit in table.troubles.items()),
        "};",
    ]
    for layout in table.layouts.values():
        lines += ["", f"#define UT_{layout.name.upper()}_MOST_BYTES {layout.most_bytes}u"]
        if layout.fields:
            members = [line for field in layout.fields for line in _members(field)]
            lines += [f"struct ut_msg_{layout.name} {{", *(f"    {line}" for line in members), "};"]
    replies = {layout.reply for layout in table.layouts.values()} | {"error"}
    lines += _union("ut_request", [one for one in table.layouts.values() if one.reply and one.fields])
    lines += _union("ut_reply", [one for one in table.layouts.values() if one.name in replies and one.fields])
    return "\n".join([*lines, "", "#endif", ""])


def _union(name: str, layouts: list[Layout]) -> list[str]:
    members = [f"    struct ut_msg_{layout.name} {layout.name};" for layout in layouts]
    return ["", f"union {name} {{", *members, "};"]
