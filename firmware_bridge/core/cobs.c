/* Each run of up to 254 bytes is led by its length + 1; a zero lies after every run shorter than that. */
#include "cobs.h"

size_t ut_cobs_encode(const uint8_t *bytes, size_t count, uint8_t *wire) {
    size_t lead = 0, at = 1;
    uint8_t code = 1;
    for (size_t i = 0; i < count; ++i) {
        if (code == 0xFF) {
            wire[lead] = code;
            lead = at++;
            code = 1;
        }
        if (bytes[i] == 0) {
            wire[lead] = code;
            lead = at++;
            code = 1;
        } else {
            wire[at++] = bytes[i];
            ++code;
        }
    }
    wire[lead] = code;
    return at;
}

int32_t ut_cobs_decode(uint8_t *bytes, size_t count) {
    size_t at = 0, written = 0;
    while (at < count) {
        const uint8_t code = bytes[at];
        if (code == 0 || at + code > count) {
            return -1;
        }
        for (size_t i = 1; i < code; ++i) {
            if (bytes[at + i] == 0) {
                return -1;
            }
            bytes[written++] = bytes[at + i];
        }
        at += code;
        if (code != 0xFF && at < count) {
            bytes[written++] = 0;
        }
    }
    return (int32_t)written;
}
