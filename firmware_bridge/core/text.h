/* Sentences without a C library. */
#ifndef UNDERTONE_TEXT_H
#define UNDERTONE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

union ut_reply;

/* Put a text into a field of at most `most` bytes, cut where it is longer; returns its length. */
size_t ut_text_copy(char *to, size_t most, const char *text);
/* 32 bytes as 64 hexadecimal digits. */
void ut_text_hex(char to[64], const uint8_t bytes[32]);

/* Refuse a request: fills reply->error. In `sentence`, each % is replaced by the next of the numbers.
 * Returns UT_KIND_ERROR. */
uint8_t ut_refuse(union ut_reply *reply, uint8_t code, const char *sentence, uint32_t first, uint32_t second);

#endif
