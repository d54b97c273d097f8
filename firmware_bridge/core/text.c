/* Text without a C library. */
#include "text.h"

size_t ut_text_copy(char *to, size_t most, const char *text) {
    size_t count = 0;
    while (count < most && text[count] != '\0') {
        to[count] = text[count];
        ++count;
    }
    return count;
}

void ut_text_hex(char to[64], const uint8_t bytes[32]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; ++i) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
}
