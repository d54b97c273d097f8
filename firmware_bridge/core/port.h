/* What a port gives to the core: a way to the host, a clock, a mailbox to the networks, flash, a microphone.
 *
 * The core calls these from one task only. A null pointer means that the port has no such thing.
 */
#ifndef UNDERTONE_PORT_H
#define UNDERTONE_PORT_H

#include <stddef.h>
#include <stdint.h>

enum ut_network { UT_ACOUSTIC = 0, UT_KEYWORD = 1, UT_NETWORKS = 2 };

/* Areas of flash. A record is far smaller than the least erasable unit; a slot holds an image. */
enum ut_area {
    UT_AREA_SLOT_0 = 0,
    UT_AREA_SLOT_1 = 1,
    UT_AREA_RECORD_0 = 2,
    UT_AREA_RECORD_1 = 3,
    UT_AREAS = 4
};

enum ut_load_status { UT_LOADED = 0, UT_LOAD_ARENA = 1, UT_LOAD_SHAPE = 2, UT_LOAD_BROKEN = 3 };

typedef struct {
    uint32_t ram_bytes;
    uint32_t ram_peak_bytes;
    uint32_t stack_peak_bytes;
    uint32_t receive_peak_bytes; /* most bytes that ever waited to be taken */
    uint32_t receive_overruns;   /* bytes that found no room */
} ut_marks;

typedef struct {
    uint8_t reset_reason;                                     /* of ut_reset_reason */
    uint8_t troubles;                                         /* of ut_trouble */
    uint32_t restarts, watchdog_resets, faults, tpu_failures; /* since the power came */
} ut_health;

struct ut_crash;

typedef struct {
    void *context;

    /* Send a frame, its closing zero included. Returns when the bytes were taken. */
    void (*send)(void *context, const uint8_t *bytes, size_t count);

    uint32_t (*cycles)(void *context);       /* free-running, wraps */
    uint32_t (*milliseconds)(void *context); /* since the start, wraps */
    void (*marks)(void *context, ut_marks *marks);
    void (*health)(void *context, ut_health *health);

    /* What is left of the last crash; null: nothing. */
    const struct ut_crash *(*crash)(void *context);

    /* Of the Edge TPU, in thousandths of a degree Celsius; INT32_MIN: unknown. Asked for by `get_stats` only,
     * and not after a network failed: on the board it is a transfer, and one that fails is the end. */
    int32_t (*temperature)(void *context);

    /* The mailbox. `load` makes a network ready; its bytes stay where they are as long as it is in use.
     * `infer` computes one window: 0, or anything else if it failed. Then the core wants a restart
     * (ut_device_wants_restart): nobody knows what state a network's hardware is in after that. */
    int32_t (*load)(void *context, uint32_t network, const uint8_t *model, size_t bytes, size_t arena_bytes,
                    size_t inputs, size_t outputs);
    int32_t (*infer)(void *context, uint32_t network, const int8_t *input, size_t inputs, int8_t *output,
                     size_t outputs);

    /* Flash: 0, or anything else if it failed. Erased bytes read 0xFF. `program` needs erased bytes.
     * Each of these may be the last thing that happens before the power goes. */
    int32_t (*flash_read)(void *context, uint32_t area, size_t offset, uint8_t *bytes, size_t count);
    int32_t (*flash_erase)(void *context, uint32_t area);
    int32_t (*flash_program)(void *context, uint32_t area, size_t offset, const uint8_t *bytes, size_t count);

    /* Take up to `most` samples that the microphone has; add the number that were lost to *lost. */
    size_t (*microphone)(void *context, int16_t *pcm, size_t most, uint32_t *lost);
    void (*microphone_power)(void *context, int32_t on);
} ut_port;

#endif
