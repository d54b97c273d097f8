/* Made from protocol.toml by firmware_bridge.protocol.c_layout: do not edit. */
#ifndef UNDERTONE_PROTOCOL_LAYOUT_H
#define UNDERTONE_PROTOCOL_LAYOUT_H

#include <stdint.h>

#include "protocol.h"

#define UT_LAYOUTS 29u
#define UT_MOST_FIELDS 25u

/* One field of a message. Numbers are little-endian, here and there. */
typedef struct {
    uint16_t offset;       /* in the struct */
    uint16_t count_offset; /* in the struct, of an array's count */
    uint16_t most;         /* elements; 0: a scalar */
    uint8_t size;          /* bytes of an element */
    uint8_t count_size;    /* bytes of the count */
    uint8_t is_text;       /* UTF-8 */
} ut_field;

typedef struct {
    const ut_field *fields;
    uint16_t bytes; /* of the struct */
    uint8_t count;  /* of the fields */
    uint8_t kind;
    uint8_t reply; /* kind of the reply; 0: not a request */
} ut_layout;

extern const ut_layout ut_layouts[UT_LAYOUTS];

#endif
