/* A firmware with every mistake that the twin must catch; the number of waiting bytes says which one to make.
 */
#include <stdint.h>

#include "board.h"
#include "startup.h"

#define MISTAKE __attribute__((noinline)) static void

const uint32_t constant = 42;
uint32_t initialised = 7;
uint32_t zeroed;
static volatile uint32_t sink;

__attribute__((noinline)) static uint32_t recurse(uint32_t depth) {
    volatile uint32_t local[64];
    local[depth & 63u] = depth;
    if (depth == 0xFFFFFFu) {
        return 0;
    }
    return recurse(depth + 1u) + local[(depth + 1u) & 63u];
}

/* The compiler must not see what these addresses are. */
static uintptr_t hidden(uintptr_t address) {
    __asm volatile("" : "+r"(address));
    return address;
}

static volatile uint32_t *word(uintptr_t address) { return (volatile uint32_t *)hidden(address); }

MISTAKE overflow_stack(void) { sink = recurse(1); }
MISTAKE read_outside(void) { sink = *word(0x20100000u); }
MISTAKE write_outside(void) { *word(0x90000000u) = 1; }
MISTAKE write_code(void) { *word((uintptr_t)&constant) = 1; }
MISTAKE write_null(void) { *word(0) = 3; }
MISTAKE call_null(void) { ((void (*)(void))hidden(1))(); }
MISTAKE call_data(void) { ((void (*)(void))hidden((uintptr_t)&zeroed | 1u))(); }
MISTAKE call_undefined(void) { __asm volatile("udf #3"); }
MISTAKE call_service(void) { __asm volatile("svc #3"); }
MISTAKE read_register(void) { sink = board_read(0xFF0u); }
MISTAKE write_register(void) { board_write(BOARD_CYCLES, 1); }
MISTAKE read_part(void) { sink = *(volatile uint8_t *)hidden(BOARD_REGISTERS); }
MISTAKE send_nothing(void) {
    board_write(BOARD_BULK_SEND_FROM, 0x70000000u);
    board_write(BOARD_BULK_SEND, 4);
}
MISTAKE take_into_code(void) {
    board_write(BOARD_BULK_ADDRESS, board_address(&constant));
    board_write(BOARD_BULK_TAKE, 4);
}
MISTAKE give_up(void) { board_write(BOARD_PANIC, 77); }
MISTAKE command_nonsense(void) { board_write(BOARD_TPU_COMMAND, 9); }
MISTAKE read_system(void) { sink = *word(0xE000E010u); }
MISTAKE hang(void) {
    for (;;) {
        sink++;
    }
}
/* No mistake: that memory is as C wants it, and that floats work. */
MISTAKE check_memory(void) {
    const float half = (float)initialised / (float)hidden(2);
    board_write(BOARD_UART_DATA, initialised);
    board_write(BOARD_UART_DATA, zeroed);
    board_write(BOARD_UART_DATA, (uint32_t)(half * 10.0f));
    board_write(BOARD_UART_DATA, board_stack_peak() / 16u);
}

int main(void) {
    static void (*const mistakes[])(void) = {
        check_memory,  overflow_stack,   read_outside, write_outside,  write_code,
        write_null,    call_null,        call_data,    call_undefined, call_service,
        read_register, write_register,   read_part,    send_nothing,   take_into_code,
        give_up,       command_nonsense, read_system,  hang,
    };
    board_wait();
    mistakes[board_read(BOARD_BULK_WAITING)]();
    board_wait();
    return 0;
}
