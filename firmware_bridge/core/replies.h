/* The replay cache: a request that comes again is answered again, without being done again.
 * Rules: firmware_bridge/protocol/server.py. */
#ifndef UNDERTONE_REPLIES_H
#define UNDERTONE_REPLIES_H

#include <stddef.h>
#include <stdint.h>

#include "framing.h"

typedef struct {
    uint16_t sequence;
    uint8_t kind;
    uint8_t count; /* of the request's payload, at most UT_REQUEST_BYTES_KEPT */
    uint8_t request[UT_REQUEST_BYTES_KEPT];
    uint16_t wire_count; /* 0: empty */
    uint8_t wire[UT_FRAME_MOST_ENCODED + 1u];
} ut_reply_kept;

typedef struct {
    uint32_t next; /* the one to be overwritten */
    ut_reply_kept kept[UT_REPLIES_KEPT];
} ut_replies;

void ut_replies_clear(ut_replies *replies);

/* Return the kept reply to a request, or null. */
const ut_reply_kept *ut_replies_find(const ut_replies *replies, const ut_frame *request);

/* Keep the reply to a request that is short enough. */
void ut_replies_keep(ut_replies *replies, const ut_frame *request, const uint8_t *wire, size_t count);

#endif
