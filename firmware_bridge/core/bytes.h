/* Bytes, without a C library. Numbers in flash lie as in memory: the processor must be little-endian. */
#ifndef UNDERTONE_BYTES_H
#define UNDERTONE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are copied as they lie in memory: this needs a little-endian processor"
#endif

static inline void ut_bytes_copy(void *to, const void *from, size_t count) {
    uint8_t *target = (uint8_t *)to;
    const uint8_t *source = (const uint8_t *)from;
    while (count-- > 0) {
        *target++ = *source++;
    }
}

static inline int32_t ut_bytes_equal(const void *one, const void *other, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (((const uint8_t *)one)[i] != ((const uint8_t *)other)[i]) {
            return 0;
        }
    }
    return 1;
}

#endif
