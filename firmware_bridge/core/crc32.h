/* CRC-32 as in zlib (polynomial 0xEDB88320, reflected), in pieces of any length. */
#ifndef UNDERTONE_CRC32_H
#define UNDERTONE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Return the checksum of what `crc` covers followed by these bytes; start with 0. */
uint32_t ut_crc32(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
