/* The three functions that a C compiler may call on its own account. A word at a time where both ends allow.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

/* The M7 reads and writes unaligned words in one instruction. */
typedef uint32_t word __attribute__((aligned(1), may_alias));

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    char *at = to;
    const char *source = from;
    for (; count >= 16; count -= 16, at += 16, source += 16) {
        const word *in = (const word *)(const void *)source;
        word *out = (word *)(void *)at;
        const uint32_t a = in[0], b = in[1], c = in[2], d = in[3];
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
    }
    while (count-- > 0) {
        *at++ = *source++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    char *at = to;
    const char *source = from;
    if ((uintptr_t)at <= (uintptr_t)source) {
        for (; count >= 4; count -= 4, at += 4, source += 4) {
            *(word *)(void *)at = *(const word *)(const void *)source;
        }
        while (count-- > 0) {
            *at++ = *source++;
        }
        return to;
    }
    while (count-- > 0) {
        at[count] = source[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    char *at = to;
    const uint32_t four = 0x01010101u * (uint8_t)value;
    for (; count >= 4; count -= 4, at += 4) {
        *(word *)(void *)at = four;
    }
    while (count-- > 0) {
        *at++ = (char)value;
    }
    return to;
}
