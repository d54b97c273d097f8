/* Frames on a byte stream: COBS between zero bytes, CRC-32, version, sequence number. See framing.py. */
#ifndef UNDERTONE_FRAMING_H
#define UNDERTONE_FRAMING_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define UT_FRAME_OVERHEAD 8u /* version, kind, sequence; CRC-32 */
#define UT_FRAME_MOST (UT_PAYLOAD_BYTES + UT_FRAME_OVERHEAD)
#define UT_FRAME_MOST_ENCODED (UT_FRAME_MOST + UT_FRAME_MOST / 254u + 1u)

enum ut_fault {
    UT_FAULT_NONE = 0,
    UT_FAULT_ENCODING,
    UT_FAULT_SHORT,
    UT_FAULT_OVERSIZED,
    UT_FAULT_CHECKSUM,
    UT_FAULT_VERSION
};

typedef struct {
    uint8_t version, kind;
    uint16_t sequence;
    const uint8_t *payload;
    size_t count;
} ut_frame;

typedef struct {
    uint32_t held;
    int32_t dropping;
    uint8_t bytes[UT_FRAME_MOST_ENCODED];
} ut_decoder;

void ut_decoder_reset(ut_decoder *decoder);

/* Take one byte. Returns 1 when it ended a frame or a fault (then *fault says which; the frame's payload lies
 * in the decoder until the next call), else 0. The version is that of the frame where the fault is VERSION.
 */
int32_t ut_decoder_take(ut_decoder *decoder, uint8_t byte, ut_frame *frame, enum ut_fault *fault);

/* Write a frame to wire[UT_FRAME_MOST_ENCODED + 1], its closing zero included; returns its length. */
size_t ut_frame_encode(const ut_frame *frame, uint8_t *wire);

#endif
