/* Sentences and their numbers. */
#include "text.h"

#include "handlers.h"

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

/* Write a number in decimal; return its length. */
static size_t write_number(char digits[10], uint32_t number) {
    size_t count = 0;
    for (uint32_t rest = number; rest > 0 || count == 0; rest /= 10) {
        ++count;
    }
    for (size_t i = count; i > 0; --i) {
        digits[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    return count;
}

uint8_t ut_refuse(union ut_reply *reply, uint8_t code, const char *sentence, uint32_t first, uint32_t second) {
    struct ut_msg_error *const error = &reply->error;
    const size_t most = sizeof(error->sentence);
    uint32_t number = first;
    size_t at = 0;
    for (; *sentence != '\0' && at < most; ++sentence) {
        if (*sentence != '%') {
            error->sentence[at++] = *sentence;
            continue;
        }
        char digits[10];
        const size_t count = write_number(digits, number);
        for (size_t i = 0; i < count && at < most; ++i) {
            error->sentence[at++] = digits[i];
        }
        number = second;
    }
    error->code = code;
    error->request = 0;
    error->sentence_count = (uint8_t)at;
    return UT_KIND_ERROR;
}
