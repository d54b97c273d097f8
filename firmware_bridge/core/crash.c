/* No call from here leaves this file but CRC-32's: a handler runs this when all else is in doubt. */
#include "crash.h"

#include "crc32.h"
#include "protocol.h"

#define MAGIC 0x4B505455u /* "UTPK" */
#define FRAME_WORDS 8u
#define STACK_WORDS 2048u   /* looked through for return addresses, at most */
#define OVERFLOW (1u << 20) /* UFSR.STKOF of Armv8-M; an Armv7-M, as this one, leaves the bit alone */

static uint32_t checksum(const ut_kept *kept) {
    return ut_crc32(0, (const uint8_t *)kept, offsetof(ut_kept, crc));
}

static void seal(ut_kept *kept) { kept->crc = checksum(kept); }

static void clear(void *memory, size_t count) {
    uint8_t *const bytes = memory;
    for (size_t i = 0; i < count; ++i) {
        bytes[i] = 0;
    }
}

static int32_t is_whole(const ut_kept *kept) { return kept->magic == MAGIC && kept->crc == checksum(kept); }

uint8_t ut_kept_start(ut_kept *kept, uint8_t hardware) {
    if (hardware == UT_RESET_POWER || !is_whole(kept)) {
        clear(kept, sizeof *kept);
        kept->magic = MAGIC;
        kept->watchdog_resets = hardware == UT_RESET_WATCHDOG; /* its evidence is lost, the fact is not */
        kept->restarts = kept->watchdog_resets;
        seal(kept);
        return hardware;
    }
    const uint8_t reason = kept->asked != 0 ? (uint8_t)kept->asked : hardware;
    kept->asked = 0;
    ++kept->restarts;
    kept->watchdog_resets += reason == UT_RESET_WATCHDOG;
    kept->faults += reason == UT_RESET_FAULT;
    seal(kept);
    return reason;
}

void ut_kept_ask(ut_kept *kept, uint8_t reason) {
    kept->asked = reason;
    kept->tpu_failures += reason == UT_RESET_TPU;
    seal(kept);
}

void ut_kept_opening(ut_kept *kept, uint32_t opening) {
    kept->opening = opening;
    seal(kept);
}

static int32_t is_code(const ut_scene *scene, uint32_t address) {
    for (size_t i = 0; i < scene->codes; ++i) {
        if (address >= scene->code[i].low + 4u && address < scene->code[i].high) {
            return 1;
        }
    }
    return 0;
}

/* Whether a call stands before an address: BL, or BLX of a register. Thumb's return addresses are odd. */
static int32_t returns_there(const ut_scene *scene, uint32_t word) {
    if ((word & 1u) == 0 || !is_code(scene, word & ~1u)) {
        return 0;
    }
    const uint16_t *const at = (const uint16_t *)(uintptr_t)(word & ~1u);
    const int32_t is_bl = (at[-2] & 0xF800u) == 0xF000u && (at[-1] & 0xD000u) == 0xD000u;
    return is_bl || (at[-1] & 0xFF87u) == 0x4780u;
}

static void trace(const ut_scene *scene, const uint32_t *stack, ut_crash *crash) {
    for (uint32_t i = 0; i < STACK_WORDS && stack + i < scene->limit && crash->trace_count < UT_CRASH_TRACE;
         ++i) {
        if (returns_there(scene, stack[i])) {
            crash->trace[crash->trace_count++] = stack[i] & ~1u;
        }
    }
}

void ut_kept_crash(ut_kept *kept, uint8_t reason, const ut_scene *scene) {
    ut_crash *const crash = &kept->crash;
    if (!is_whole(kept)) {
        clear(kept, sizeof *kept);
        kept->magic = MAGIC;
    }
    clear(crash, sizeof *crash);
    crash->reason = reason;
    crash->uptime_ms = scene->uptime_ms;
    for (size_t i = 0; i < UT_CRASH_TASK && scene->task[i] != '\0'; ++i) {
        crash->task[i] = scene->task[i];
    }
    const uint32_t *const top = scene->frame + FRAME_WORDS;
    const int32_t pushed = scene->frame >= scene->low && top <= scene->limit;
    for (size_t i = 0; i < FRAME_WORDS && pushed; ++i) {
        crash->registers[i] = scene->frame[i];
    }
    crash->registers[FRAME_WORDS] = (uint32_t)(uintptr_t)top;
    for (size_t i = 0; i < UT_CRASH_REGISTERS - FRAME_WORDS - 1u; ++i) {
        crash->registers[FRAME_WORDS + 1u + i] = scene->faults[i];
    }
    crash->registers[FRAME_WORDS + 1u] |= scene->overflowed != 0 ? OVERFLOW : 0u;
    kept->asked = reason;
    seal(kept); /* a stack pointer that leads nowhere ends the next line: so much is kept already */
    trace(scene, top < scene->low ? scene->low : top, crash);
    seal(kept);
}

void ut_kept_health(const ut_kept *kept, ut_health *health) {
    health->troubles |= kept->crash.reason != UT_RESET_UNKNOWN ? (uint8_t)UT_TROUBLE_CRASH_KEPT : (uint8_t)0;
    health->restarts = kept->restarts;
    health->watchdog_resets = kept->watchdog_resets;
    health->faults = kept->faults;
    health->tpu_failures = kept->tpu_failures;
}
