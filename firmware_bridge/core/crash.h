/* What is left of a crash: memory that the port keeps across restarts. It says what it holds by a CRC-32, so
 * that a port may put it into memory which the loss of power, or a loader, fills with anything.
 *
 * Used at three moments: at the start; when the firmware asks for a restart; in the handler of a fault or of
 * the watchdog, where nothing else of the firmware can be trusted. */
#ifndef UNDERTONE_CRASH_H
#define UNDERTONE_CRASH_H

#include <stddef.h>
#include <stdint.h>

#include "port.h"

#define UT_CRASH_TASK 20u
#define UT_CRASH_REGISTERS 13u
#define UT_CRASH_TRACE 16u

typedef struct ut_crash {
    uint32_t reason; /* of ut_reset_reason; 0: no crash is kept */
    uint32_t uptime_ms;
    char task[UT_CRASH_TASK]; /* zeros after its end */
    /* r0 r1 r2 r3 r12 lr pc xpsr: as the processor pushes them, zeros where it could not; then sp before
     * that, cfsr (with Armv8-M's bit for a stack overflow) hfsr mmfar bfar */
    uint32_t registers[UT_CRASH_REGISTERS];
    uint32_t trace[UT_CRASH_TRACE]; /* return addresses, innermost first */
    uint32_t trace_count;
} ut_crash;

typedef struct {
    uint32_t magic;
    uint32_t asked;   /* why the firmware asked for a restart; 0: it did not */
    uint32_t opening; /* the Edge TPU is being opened */
    uint32_t restarts, watchdog_resets, faults, tpu_failures; /* since the power came */
    ut_crash crash;
    uint32_t crc; /* of all before it */
} ut_kept;

/* Memory that a program counter may point to: the first byte, and the first one after. */
typedef struct {
    uint32_t low, high;
} ut_code;

/* What the processor was doing. */
typedef struct {
    const uint32_t *frame; /* the eight words that the processor pushed; below `low` it could not push them */
    const uint32_t *low;   /* the memory that the stack lies in */
    const uint32_t *limit; /* and its end */
    const uint32_t *faults; /* cfsr hfsr mmfar bfar */
    int32_t overflowed;     /* the task's stack was too small */
    const char *task;
    uint32_t uptime_ms;
    const ut_code *code;
    size_t codes;
} ut_scene;

/* At the start: find out why, and count it. `hardware`: what the processor's reset registers say, of
 * ut_reset_reason. Returns the reason; after `power` nothing is kept of the time before. */
uint8_t ut_kept_start(ut_kept *kept, uint8_t hardware);

/* The firmware is about to restart itself. */
void ut_kept_ask(ut_kept *kept, uint8_t reason);

/* Note whether the Edge TPU is being opened: what ends a start there can be left alone at the next. */
void ut_kept_opening(ut_kept *kept, uint32_t opening);

/* A fault or the watchdog: keep the evidence. The port restarts after it. */
void ut_kept_crash(ut_kept *kept, uint8_t reason, const ut_scene *scene);

/* What there is to tell the host. */
void ut_kept_health(const ut_kept *kept, ut_health *health);

#endif
