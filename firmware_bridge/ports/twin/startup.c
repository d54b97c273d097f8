/* From reset to main: memory as C wants it, floating point on, the stack painted. */
#include <stddef.h>
#include <stdint.h>

#include "rt1176.h"
#include "startup.h"

#define CPACR (UT_PLACE_SYSTEM + 0xD88u)
#define SHCSR (UT_PLACE_SYSTEM + 0xD24u)
#define FAULTS_ENABLED (7u << 16) /* of memory protection, bus and usage */
#define VECTORS 16u

extern uint32_t board_stack_low[], board_stack_high[];
extern uint32_t board_data_low[], board_data_high[], board_data_image[];
extern uint32_t board_bss_low[], board_bss_high[];

int main(void);
void board_start(void);

static void copy_words(uint32_t *to, const uint32_t *end, const uint32_t *from) {
    while (to < end) {
        *to++ = *from++;
    }
}

static void fill_words(uint32_t *from, const uint32_t *end, uint32_t value) {
    while (from < end) {
        *from++ = value;
    }
}

void board_start(void) {
    *(volatile uint32_t *)(uintptr_t)CPACR |= 0xFu << 20;
    /* A processor that cannot push the frame of a hard fault stands still; of these, it goes on to the hard
     * fault. */
    *(volatile uint32_t *)(uintptr_t)SHCSR |= FAULTS_ENABLED;
    __asm volatile("dsb\n isb" ::: "memory");
    uint32_t *here;
    __asm volatile("mov %0, sp" : "=r"(here));
    fill_words(board_stack_low, here, BOARD_PAINT);
    copy_words(board_data_low, board_data_high, board_data_image);
    fill_words(board_bss_low, board_bss_high, 0);
    (void)main();
    for (;;) {
    }
}

uint32_t board_stack_peak(void) {
    const uint32_t most = (uint32_t)((uintptr_t)board_stack_high - (uintptr_t)board_stack_low);
    uint32_t untouched = 0;
    while (untouched < most && board_stack_low[untouched / sizeof(uint32_t)] == BOARD_PAINT) {
        untouched += sizeof(uint32_t);
    }
    return most - untouched;
}

/* Two exceptions are modelled: whatever a processor refuses, and the watchdog. A twin that is to find
 * mistakes stops with a report instead (machine.py). */
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[VECTORS] = {
    (uintptr_t)board_stack_high,
    (uintptr_t)board_start,
    0,
    (uintptr_t)board_fault,
    (uintptr_t)board_fault,
    (uintptr_t)board_fault,
    (uintptr_t)board_fault,
    [VECTORS - 1] = (uintptr_t)board_watchdog,
};
