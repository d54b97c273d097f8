/* A stand-in for a board: nothing here computes what a board computes, but nothing is missing either. */
#include <string.h>

#include "crash.h"
#include "fuzz.h"

uint32_t fuzz_roll(fuzz_dice *dice, uint32_t below) {
    /* xorshift64*, Vigna 2016 */
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 0x2545F4914F6CDD1Dull) >> 32) % below;
}

static fuzz_port *of(void *context) { return (fuzz_port *)context; }

static void send(void *context, const uint8_t *bytes, size_t count) {
    fuzz_port *const port = of(context);
    if (count > sizeof(port->sent) - port->sent_count) {
        fuzz_fail("more was answered than any input may ask for");
    }
    memcpy(port->sent + port->sent_count, bytes, count);
    port->sent_count += count;
}

static uint32_t cycles(void *context) { return ++of(context)->cycles; }

static uint32_t milliseconds(void *context) { return of(context)->cycles >> 10; }

static void marks(void *context, ut_marks *marks) {
    (void)context;
    marks->ram_bytes = 1;
}

static int32_t load(void *context, uint32_t network, const uint8_t *model, size_t bytes, size_t arena_bytes,
                    size_t inputs, size_t outputs) {
    uint32_t sum = network + (uint32_t)(arena_bytes + inputs + outputs);
    for (size_t i = 0; i < bytes; ++i) {
        sum += model[i]; /* every byte must be there to be read */
    }
    /* Now and then a network does not fit, or is broken: the device must live with that. */
    return fuzz_roll(&of(context)->dice, 8) == 0 ? (int32_t)(1 + sum % 3) : UT_LOADED;
}

static int32_t infer(void *context, uint32_t network, const int8_t *input, size_t inputs, int8_t *output,
                     size_t outputs) {
    uint32_t sum = network;
    ++of(context)->inferences;
    for (size_t i = 0; i < inputs; ++i) {
        sum += (uint8_t)input[i];
    }
    for (size_t i = 0; i < outputs; ++i) {
        output[i] = (int8_t)(uint8_t)(sum * (i + 1));
    }
    return fuzz_roll(&of(context)->dice, 200) == 0;
}

static size_t size_of(uint32_t area) { return area < UT_AREA_RECORD_0 ? FUZZ_SLOT_BYTES : FUZZ_RECORD_BYTES; }

static void within(uint32_t area, size_t offset, size_t count) {
    if (area >= UT_AREAS || offset > size_of(area) || count > size_of(area) - offset) {
        fuzz_fail("flash was touched outside its areas");
    }
}

static int32_t flash_read(void *context, uint32_t area, size_t offset, uint8_t *bytes, size_t count) {
    within(area, offset, count);
    memcpy(bytes, of(context)->flash[area] + offset, count);
    return fuzz_roll(&of(context)->dice, 5000) == 0;
}

static int32_t flash_erase(void *context, uint32_t area) {
    within(area, 0, 0);
    ++of(context)->erases;
    memset(of(context)->flash[area], 0xFF, size_of(area));
    return fuzz_roll(&of(context)->dice, 500) == 0;
}

static int32_t flash_program(void *context, uint32_t area, size_t offset, const uint8_t *bytes,
                             size_t count) {
    uint8_t *const to = of(context)->flash[area] + offset;
    within(area, offset, count);
    ++of(context)->programs;
    for (size_t i = 0; i < count; ++i) {
        if (to[i] != 0xFF) {
            fuzz_fail("flash was programmed that was not erased");
        }
        to[i] = bytes[i];
    }
    return fuzz_roll(&of(context)->dice, 500) == 0;
}

static size_t microphone(void *context, int16_t *pcm, size_t most, uint32_t *lost) {
    fuzz_dice *const dice = &of(context)->dice;
    const size_t count = fuzz_roll(dice, (uint32_t)most + 1);
    for (size_t i = 0; i < count; ++i) {
        pcm[i] = (int16_t)(uint16_t)(dice->state >> (i & 31u));
    }
    *lost += fuzz_roll(dice, 4) == 0 ? fuzz_roll(dice, 100) : 0;
    return count;
}

static void microphone_power(void *context, int32_t on) {
    (void)context;
    (void)on;
}

static void health(void *context, ut_health *health) {
    health->reset_reason = UT_RESET_WATCHDOG;
    health->restarts = of(context)->cycles;
}

/* The longest there can be, and a count that only a mistake in RAM gives. */
static const struct ut_crash *crash(void *context) {
    static const ut_crash kept = {
        .reason = UT_RESET_FAULT, .task = "no zero at the end!!", .trace_count = 1000};
    (void)context;
    return &kept;
}

static int32_t temperature(void *context) { return (int32_t)of(context)->cycles; }

const ut_port fuzz_functions = {.send = send,
                                .cycles = cycles,
                                .milliseconds = milliseconds,
                                .marks = marks,
                                .health = health,
                                .crash = crash,
                                .temperature = temperature,
                                .load = load,
                                .infer = infer,
                                .flash_read = flash_read,
                                .flash_erase = flash_erase,
                                .flash_program = flash_program,
                                .microphone = microphone,
                                .microphone_power = microphone_power};
