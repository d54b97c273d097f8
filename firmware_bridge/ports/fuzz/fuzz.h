/* A fuzzer for the device's core: whole, damaged and senseless frames, made from a seed. */
#ifndef UNDERTONE_FUZZ_H
#define UNDERTONE_FUZZ_H

#include "device.h"

#define FUZZ_MOST_BYTES 4096u /* of one input */
#define FUZZ_SLOT_BYTES 16384u
#define FUZZ_RECORD_BYTES 512u

/* dice.c */
typedef struct {
    uint64_t state; /* never 0 */
} fuzz_dice;

uint32_t fuzz_roll(fuzz_dice *dice, uint32_t below);

/* port.c: memory for flash, a mailbox that answers at once, a microphone of noise. */
typedef struct {
    fuzz_dice dice;
    uint8_t flash[UT_AREAS][FUZZ_SLOT_BYTES];
    uint32_t cycles;
    uint32_t inferences, erases, programs; /* since the last input */
    uint8_t sent[65536];
    size_t sent_count; /* since the last input */
} fuzz_port;

extern const ut_port fuzz_functions;
void fuzz_fail(const char *what);

/* input.c: the next input, most often one that leads on from where the device is. */
typedef struct {
    fuzz_dice dice;
    const uint8_t *image;
    uint32_t image_bytes;
    uint32_t flipped; /* byte of the image that is sent wrong; image_bytes: none */
    uint8_t last[FUZZ_MOST_BYTES];
    size_t last_count;
} fuzz_host;

/* Write the next input to bytes[FUZZ_MOST_BYTES]; return its length. */
size_t fuzz_next(fuzz_host *host, const ut_device *device, uint8_t *bytes);

#endif
