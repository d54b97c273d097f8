/* What the board does when all goes wrong: keep the evidence, start anew. */
#include "board.h"
#include "board_port.h"
#include "protocol.h"
#include "startup.h"

#define SCB_CFSR (UT_PLACE_SYSTEM + 0xD28u) /* then hfsr, and after one more register mmfar and bfar */
#define WATCHDOG_MS 8000u /* far more than the longest work takes: an image of 4 MB, checked and loaded */

ut_kept board_kept __attribute__((section(".retained"), aligned(4)));

extern const char board_code_low[], board_code_high[];
extern uint32_t board_stack_low[], board_stack_high[];

void board_restart(uint8_t reason) {
    ut_kept_ask(&board_kept, reason);
    board_write(BOARD_RESET, 1u);
    for (;;) {
        board_wait();
    }
}

void board_alive(void) { board_write(BOARD_WATCHDOG, WATCHDOG_MS); }

static void leave(uint8_t reason, const uint32_t *frame) {
    const volatile uint32_t *const scb = (const volatile uint32_t *)(uintptr_t)SCB_CFSR;
    const uint32_t faults[] = {scb[0], scb[1], scb[3], scb[4]};
    const ut_code code = {board_address(board_code_low), board_address(board_code_high)};
    const ut_scene scene = {.frame = frame,
                            .low = board_stack_low,
                            .limit = board_stack_high,
                            .faults = faults,
                            .overflowed = frame < board_stack_low,
                            .task = "main",
                            .uptime_ms = board_read(BOARD_MILLISECONDS),
                            .code = &code,
                            .codes = 1};
    ut_kept_crash(&board_kept, reason, &scene);
    board_write(BOARD_RESET, 1u);
    for (;;) {
        board_wait();
    }
}

void board_fault_at(const uint32_t *frame);
void board_watchdog_at(const uint32_t *frame);

__attribute__((used)) void board_fault_at(const uint32_t *frame) { leave(UT_RESET_FAULT, frame); }

__attribute__((used)) void board_watchdog_at(const uint32_t *frame) { leave(UT_RESET_WATCHDOG, frame); }

/* The frame lies where the stack pointer is, or would, had there been room; the stack itself may be what is
 * broken: the handler gets its own. */
__attribute__((naked)) void board_fault(void) {
    __asm volatile("mov r0, sp\n ldr r1, =board_crash_stack_high\n mov sp, r1\n b board_fault_at\n .ltorg");
}

__attribute__((naked)) void board_watchdog(void) {
    __asm volatile(
        "mov r0, sp\n ldr r1, =board_crash_stack_high\n mov sp, r1\n b board_watchdog_at\n .ltorg");
}
