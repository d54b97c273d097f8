/* Messages to payload bytes and back, by the layouts of protocol.toml (protocol_layout.c). */
#ifndef UNDERTONE_CODEC_H
#define UNDERTONE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "protocol_layout.h"

/* Return the layout of a kind of message, or null. */
const ut_layout *ut_layout_of(uint8_t kind);

/* Encode a struct ut_msg_<name> to payload[UT_PAYLOAD_BYTES]; return its length. A count beyond its field's
 * most is taken as the most. */
size_t ut_encode(const ut_layout *layout, const void *message, uint8_t *payload);

/* Decode a payload to a struct ut_msg_<name>. Return 0; anything else: it does not match the layout. */
int32_t ut_decode(const ut_layout *layout, const uint8_t *payload, size_t count, void *message);

#endif
