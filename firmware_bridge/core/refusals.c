/* Every refusal of the device, but for those that only one request can get. */
#include "refusals.h"

#include <stddef.h>

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

uint8_t ut_refuse(union ut_reply *reply, uint8_t code, const char *sentence, uint32_t first,
                  uint32_t second) {
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

uint8_t ut_refuse_no_bundle(union ut_reply *reply) {
    return ut_refuse(reply, UT_ERROR_NO_BUNDLE, "neither slot holds a bundle that this firmware can run", 0,
                     0);
}

uint8_t ut_refuse_failed(ut_recovery *recovery, union ut_reply *reply) {
    recovery->told = recovery->wanted;
    return ut_refuse(reply, UT_ERROR_INTERNAL, "the computation failed: a network gave no scores", 0, 0);
}

uint8_t ut_refuse_incapable(union ut_reply *reply, uint16_t lacking) {
    return ut_refuse(reply, UT_ERROR_NOT_CAPABLE,
                     lacking == UT_CAN_UPDATE ? "this device has no flash to update"
                                              : "this device has no microphone",
                     0, 0);
}

uint8_t ut_refuse_update(union ut_reply *reply, int32_t code) {
    static const struct {
        uint8_t code;
        const char *sentence;
    } reasons[] = {
        {UT_ERROR_WRONG_HASH, "the image is damaged, or not the one that was announced"},
        {UT_ERROR_DOES_NOT_FIT, "the networks or their arenas need more memory than this device has"},
        {UT_ERROR_WRONG_FRONTEND,
         "the bundle was made for another front-end or other windows than this firmware"},
        {UT_ERROR_STORAGE_FAILED, "the flash does not take or give back what it should"},
        {UT_ERROR_NO_UPDATE, "no update was begun"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; ++i) {
        if (reasons[i].code == code) {
            return ut_refuse(reply, reasons[i].code, reasons[i].sentence, 0, 0);
        }
    }
    return ut_refuse(reply, UT_ERROR_INTERNAL, "the networks cannot be run (error %)", (uint32_t)code, 0);
}
