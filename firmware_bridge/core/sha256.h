/* SHA-256 (FIPS 180-4), in pieces of any length. */
#ifndef UNDERTONE_SHA256_H
#define UNDERTONE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t state[8];
    uint64_t count; /* bytes taken */
    uint8_t block[64];
} ut_sha256;

void ut_sha256_start(ut_sha256 *sha);
void ut_sha256_take(ut_sha256 *sha, const uint8_t *bytes, size_t count);
void ut_sha256_end(ut_sha256 *sha, uint8_t digest[32]);

#endif
