/* A zero byte always ends a frame, so a damaged one never costs the next. Work per byte is bounded: each byte
 * is stored once, and looked at a fixed number of times when its frame ends. */
#include "framing.h"

#include "cobs.h"
#include "crc32.h"

enum { HEADER_BYTES = 4, CHECKSUM_BYTES = 4 };

void ut_decoder_reset(ut_decoder *decoder) {
    decoder->held = 0;
    decoder->dropping = 0;
}

static uint32_t word_at(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static enum ut_fault read_frame(ut_decoder *decoder, ut_frame *frame) {
    uint8_t *const bytes = decoder->bytes;
    const int32_t decoded = ut_cobs_decode(bytes, decoder->held);
    if (decoded < 0) {
        return UT_FAULT_ENCODING;
    }
    if (decoded < HEADER_BYTES + CHECKSUM_BYTES) {
        return UT_FAULT_SHORT;
    }
    if ((uint32_t)decoded > UT_FRAME_MOST) {
        return UT_FAULT_OVERSIZED;
    }
    const size_t covered = (size_t)decoded - CHECKSUM_BYTES;
    if (ut_crc32(0, bytes, covered) != word_at(bytes + covered)) {
        return UT_FAULT_CHECKSUM;
    }
    frame->version = bytes[0];
    frame->kind = bytes[1];
    frame->sequence = (uint16_t)(bytes[2] | bytes[3] << 8);
    frame->payload = bytes + HEADER_BYTES;
    frame->count = covered - HEADER_BYTES;
    return frame->version == UT_PROTOCOL_VERSION ? UT_FAULT_NONE : UT_FAULT_VERSION;
}

int32_t ut_decoder_take(ut_decoder *decoder, uint8_t byte, ut_frame *frame, enum ut_fault *fault) {
    if (byte != 0) {
        if (decoder->held == UT_FRAME_MOST_ENCODED) {
            decoder->dropping = 1; /* longer than any frame */
        } else {
            decoder->bytes[decoder->held++] = byte;
        }
        return 0;
    }
    if (decoder->held == 0) {
        return 0; /* nothing between two zero bytes: hosts send one more to be safe */
    }
    *fault = decoder->dropping ? UT_FAULT_OVERSIZED : read_frame(decoder, frame);
    ut_decoder_reset(decoder);
    return 1;
}

size_t ut_frame_encode(const ut_frame *frame, uint8_t *wire) {
    uint8_t body[UT_FRAME_MOST];
    body[0] = frame->version;
    body[1] = frame->kind;
    body[2] = (uint8_t)frame->sequence;
    body[3] = (uint8_t)(frame->sequence >> 8);
    size_t count = HEADER_BYTES;
    for (size_t i = 0; i < frame->count && i < UT_PAYLOAD_BYTES; ++i) {
        body[count++] = frame->payload[i];
    }
    const uint32_t checksum = ut_crc32(0, body, count);
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        body[count++] = (uint8_t)(checksum >> shift);
    }
    const size_t length = ut_cobs_encode(body, count, wire);
    wire[length] = 0;
    return length + 1;
}
