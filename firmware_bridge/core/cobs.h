/* Consistent overhead byte stuffing: a block of bytes without a zero among them. */
#ifndef UNDERTONE_COBS_H
#define UNDERTONE_COBS_H

#include <stddef.h>
#include <stdint.h>

/* Encode to `wire`, which holds count + count / 254 + 1 bytes; return how many were written. */
size_t ut_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *wire);

/* Decode a block in its place; return its new length, or -1 where it is not COBS. */
int32_t ut_cobs_decode(uint8_t *bytes, size_t count);

#endif
