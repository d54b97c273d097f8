/* A ring: the oldest reply makes room for a new one. */
#include "replies.h"

void ut_replies_clear(ut_replies *replies) {
    replies->next = 0;
    for (size_t i = 0; i < UT_REPLIES_KEPT; ++i) {
        replies->kept[i].wire_count = 0;
    }
}

static int32_t is_reply_to(const ut_reply_kept *kept, const ut_frame *request) {
    if (kept->wire_count == 0 || kept->sequence != request->sequence || kept->kind != request->kind ||
        kept->count != request->count) {
        return 0;
    }
    for (size_t i = 0; i < request->count; ++i) {
        if (kept->request[i] != request->payload[i]) {
            return 0;
        }
    }
    return 1;
}

const ut_reply_kept *ut_replies_find(const ut_replies *replies, const ut_frame *request) {
    for (size_t i = 0; i < UT_REPLIES_KEPT; ++i) {
        if (is_reply_to(&replies->kept[i], request)) {
            return &replies->kept[i];
        }
    }
    return 0;
}

void ut_replies_keep(ut_replies *replies, const ut_frame *request, const uint8_t *wire, size_t count) {
    ut_reply_kept *const kept = &replies->kept[replies->next];
    if (request->count > UT_REQUEST_BYTES_KEPT || count > sizeof(kept->wire)) {
        return;
    }
    replies->next = (replies->next + 1) % UT_REPLIES_KEPT;
    kept->sequence = request->sequence;
    kept->kind = request->kind;
    kept->count = (uint8_t)request->count;
    for (size_t i = 0; i < request->count; ++i) {
        kept->request[i] = request->payload[i];
    }
    kept->wire_count = (uint16_t)count;
    for (size_t i = 0; i < count; ++i) {
        kept->wire[i] = wire[i];
    }
}
