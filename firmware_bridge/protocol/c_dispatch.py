"""Which handler answers which request, as C: their prototypes, and the table that the server looks into."""

from __future__ import annotations

from firmware_bridge.protocol.table import TABLE, Layout, Table

MADE = "/* Made from protocol.toml by firmware_bridge.protocol.c_dispatch: do not edit. */"


def _requests(table: Table) -> list[Layout]:
    return [layout for layout in table.layouts.values() if layout.reply is not None]


def render_handlers_header(table: Table = TABLE) -> str:
    """Return the C99 header of the handlers, one per request: the core defines them.

    Args:
        table: The protocol, normally the one of `protocol.toml`.
    """
    handlers = []
    for layout in _requests(table):
        request = f"const struct ut_msg_{layout.name} *request, " if layout.fields else ""
        handlers.append(
            f"uint8_t ut_on_{layout.name}(struct ut_device *device, {request}union ut_reply *reply);"
        )
    return "\n".join(
        [
            MADE,
            "#ifndef UNDERTONE_PROTOCOL_HANDLERS_H",
            "#define UNDERTONE_PROTOCOL_HANDLERS_H",
            "",
            '#include "protocol.h"',
            "",
            "struct ut_device;",
            "",
            "/* A handler fills *reply and returns its kind; UT_KIND_ERROR after a refusal; or 0 where no reply is due",
            " * yet. The payload was checked against the table before. */",
            *handlers,
            "",
            "#endif",
            "",
        ]
    )


def render_dispatch_header(table: Table = TABLE) -> str:
    """Return the C99 header of the way from a request's number to its handler; see `render_handlers_header`."""
    count = len(_requests(table))
    return f"""{MADE}
#ifndef UNDERTONE_PROTOCOL_DISPATCH_H
#define UNDERTONE_PROTOCOL_DISPATCH_H

#include "protocol.h"

#define UT_REQUESTS {count}u

struct ut_device;

/* The kinds of all requests, in the table's order. */
extern const uint8_t ut_request_kinds[UT_REQUESTS];

/* What a device must be able to do for a request: a bit of ut_capability, or 0. */
uint16_t ut_needs(uint8_t kind);

/* Call the handler of a request; 0 where the kind is none. */
uint8_t ut_dispatch(struct ut_device *device, uint8_t kind, const union ut_request *request, union ut_reply *reply);

#endif
"""


def render_dispatch_source(table: Table = TABLE) -> str:
    """Return the C99 source of the table; see `render_dispatch_header`."""
    lines = [
        MADE,
        '#include "protocol_dispatch.h"',
        "",
        "#include <stddef.h>",
        "",
        '#include "protocol_handlers.h"',
        "",
    ]
    rows, kinds = [], [f"    UT_KIND_{layout.name.upper()}," for layout in _requests(table)]
    for layout in _requests(table):
        name = layout.name
        request = f", &request->{name}" if layout.fields else ""
        lines += [
            f"static uint8_t call_{name}(struct ut_device *device, const union ut_request *request,",
            "                    union ut_reply *reply) {",
            *([] if layout.fields else ["    (void)request;"]),
            f"    return ut_on_{name}(device{request}, reply);",
            "}",
            "",
        ]
        needs = f"UT_CAN_{layout.needs.upper()}" if layout.needs else "0"
        rows.append(f"    {{call_{name}, UT_KIND_{name.upper()}, {needs}}},")
    return "\n".join(
        [
            *lines,
            "typedef struct {",
            "    uint8_t (*handle)(struct ut_device *, const union ut_request *, union ut_reply *);",
            "    uint8_t kind;",
            "    uint16_t needs;",
            "} entry;",
            "",
            "const uint8_t ut_request_kinds[UT_REQUESTS] = {",
            *kinds,
            "};",
            "",
            "static const entry entries[UT_REQUESTS] = {",
            *rows,
            "};",
            "",
            "static const entry *entry_of(uint8_t kind) {",
            "    for (size_t i = 0; i < UT_REQUESTS; ++i) {",
            "        if (entries[i].kind == kind) {",
            "            return &entries[i];",
            "        }",
            "    }",
            "    return 0;",
            "}",
            "",
            "uint16_t ut_needs(uint8_t kind) {",
            "    const entry *const found = entry_of(kind);",
            "    return found != 0 ? found->needs : (uint16_t)0;",
            "}",
            "",
            "uint8_t ut_dispatch(struct ut_device *device, uint8_t kind, const union ut_request *request,",
            "                    union ut_reply *reply) {",
            "    const entry *const found = entry_of(kind);",
            "    return found != 0 ? found->handle(device, request, reply) : (uint8_t)0;",
            "}",
            "",
        ]
    )
