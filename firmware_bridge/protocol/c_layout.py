"""The protocol's layouts as C tables: where each field lies in its struct, and how it goes on the wire."""

from __future__ import annotations

import struct

from firmware_bridge.protocol.table import TABLE, Field, Layout, Table

MADE = "/* Made from protocol.toml by firmware_bridge.protocol.c_layout: do not edit. */"


def render_layout_header(table: Table = TABLE) -> str:
    """Return the C99 header of the tables.

    Args:
        table: The protocol, normally the one of `protocol.toml`.
    """
    most = max(len(layout.fields) for layout in table.layouts.values())
    return f"""{MADE}
#ifndef UNDERTONE_PROTOCOL_LAYOUT_H
#define UNDERTONE_PROTOCOL_LAYOUT_H

#include <stdint.h>

#include "protocol.h"

#define UT_LAYOUTS {len(table.layouts)}u
#define UT_MOST_FIELDS {most}u

/* One field of a message. Numbers are little-endian, here and there. */
typedef struct {{
    uint16_t offset;       /* in the struct */
    uint16_t count_offset; /* in the struct, of an array's count */
    uint16_t most;         /* elements; 0: a scalar */
    uint8_t size;          /* bytes of an element */
    uint8_t count_size;    /* bytes of the count */
    uint8_t is_text;       /* UTF-8 */
}} ut_field;

typedef struct {{
    const ut_field *fields;
    uint16_t bytes; /* of the struct */
    uint8_t count;  /* of the fields */
    uint8_t kind;
    uint8_t reply; /* kind of the reply; 0: not a request */
}} ut_layout;

extern const ut_layout ut_layouts[UT_LAYOUTS];

#endif
"""


def _field(layout: Layout, field: Field) -> str:
    message = f"struct ut_msg_{layout.name}"
    offset = f"offsetof({message}, {field.name})"
    count = f"offsetof({message}, {field.name}_count)" if field.most else "0"
    size, count_size = (struct.calcsize("<" + code) for code in (field.code, field.count_code))
    return f"    {{{offset}, {count}, {field.most}, {size}, {count_size if field.most else 0}, {int(field.is_text)}}},"


def render_layout_source(table: Table = TABLE) -> str:
    """Return the C99 source of the tables; see `render_layout_header`."""
    lines = [MADE, '#include "protocol_layout.h"', "", "#include <stddef.h>"]
    rows = []
    for layout in table.layouts.values():
        reply = f"UT_KIND_{layout.reply.upper()}" if layout.reply else "0"
        kind = f"UT_KIND_{layout.name.upper()}"
        if not layout.fields:
            rows.append(f"    {{0, 0, 0, {kind}, {reply}}},")
            continue
        name = f"{layout.name}_fields"
        lines += ["", f"static const ut_field {name}[] = {{"]
        lines += [*(_field(layout, field) for field in layout.fields), "};"]
        rows.append(
            f"    {{{name}, sizeof(struct ut_msg_{layout.name}), {len(layout.fields)}, {kind}, {reply}}},"
        )
    return "\n".join([*lines, "", "const ut_layout ut_layouts[UT_LAYOUTS] = {", *rows, "};", ""])
