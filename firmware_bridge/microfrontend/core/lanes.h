/* One complex number, or several side by side.
 *
 * A complex number is a 32-bit word: real part in the low half, imaginary part in the high half, both int16.
 * A `lanes` holds UT_LANES of them, one per frame. The chip computes one frame at a time (UT_LANES 1, with
 * the packed instructions of Armv7E-M where there are any); the host computes as many as a vector register
 * holds. Every operation below gives the same bits in every variant.
 */
#ifndef UNDERTONE_LANES_H
#define UNDERTONE_LANES_H

#include <stdint.h>

#if defined(UT_SCALAR)
#define UT_VECTOR_BYTES 0
#elif defined(__AVX512BW__)
#define UT_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define UT_VECTOR_BYTES 32
#elif defined(__SSE2__) || defined(__aarch64__)
#define UT_VECTOR_BYTES 16
#else
#define UT_VECTOR_BYTES 0
#endif

#if UT_VECTOR_BYTES
#include "lanes_vector.h"
#else
#include "lanes_scalar.h"
#endif

/* One root of unity, in the table's form. */
static inline uint32_t lanes_word(const int16_t *pair) {
    return (uint32_t)(uint16_t)pair[0] | ((uint32_t)(uint16_t)pair[1] << 16);
}

#endif
