/* Text without a C library. */
#ifndef UNDERTONE_TEXT_H
#define UNDERTONE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Put a text into a field of at most `most` bytes, cut where it is longer; returns its length. */
size_t ut_text_copy(char *to, size_t most, const char *text);
/* 32 bytes as 64 hexadecimal digits. */
void ut_text_hex(char to[64], const uint8_t bytes[32]);

#endif
