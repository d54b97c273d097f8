/* The twin's board: addresses of its registers, and what its commands are.
 *
 * Python reads the numbers of this file (registers.py), so that they are written once. Registers are words.
 * A write to a register marked "acts" does the thing before the next instruction runs.
 */
#ifndef UNDERTONE_TWIN_BOARD_H
#define UNDERTONE_TWIN_BOARD_H

#include <stdint.h>

#include "rt1176.h"

#define BOARD_REGISTERS UT_PLACE_BOARD

/* Clock. Ticks are instructions, and what passed while the processor waited. */
#define BOARD_CYCLES 0x000u       /* read: ticks, wraps */
#define BOARD_MILLISECONDS 0x004u /* read: since the start, wraps */
#define BOARD_PANIC 0x008u        /* write, acts: stop for good, with a number that says why */
#define BOARD_RESET 0x00Cu        /* write, acts: start anew; memory keeps what it holds */
#define BOARD_RESET_CAUSE 0x010u  /* read: of the last start: one of BOARD_CAUSE_* */
#define BOARD_WATCHDOG 0x014u     /* write: calls its handler in so many milliseconds, unless written again */
#define BOARD_CAUSE_POWER 1u
#define BOARD_CAUSE_ASKED 2u
#define BOARD_CAUSE_LOCKUP 3u                    /* a fault that could not even be handled */
#define BOARD_TICKS_PER_US (UT_M7_HZ / 1000000u) /* as if each instruction took a cycle */

/* Bulk channel: what TCP is on the real board. Bytes are moved as by DMA. */
#define BOARD_BULK_WAITING 0x100u   /* read: bytes that wait to be taken */
#define BOARD_BULK_ADDRESS 0x104u   /* write: where they shall go */
#define BOARD_BULK_TAKE 0x108u      /* write, acts: take at most so many */
#define BOARD_BULK_TAKEN 0x10Cu     /* read: how many it were */
#define BOARD_BULK_SEND_FROM 0x110u /* write: where an answer lies */
#define BOARD_BULK_SEND 0x114u      /* write, acts: send so many bytes of it */
#define BOARD_BULK_PEAK 0x118u      /* read: most bytes that ever waited */
#define BOARD_BULK_OVERRUNS 0x11Cu  /* read: bytes that found no room */

/* Debug UART: a byte at a time. */
#define BOARD_UART_STATUS 0x200u   /* read: bit 0: a byte waits */
#define BOARD_UART_DATA 0x204u     /* read: take it; write: send one */
#define BOARD_UART_PEAK 0x208u     /* read: most bytes that ever waited */
#define BOARD_UART_OVERRUNS 0x20Cu /* read: bytes that found no room */

/* Flash controller. Areas and their rules: core/port.h. */
#define BOARD_FLASH_SLOT_BYTES 0x300u /* read: size of a slot, at most BOARD_SLOT_BYTES */
#define BOARD_FLASH_AREA 0x304u       /* write: of ut_area */
#define BOARD_FLASH_OFFSET 0x308u     /* write: from the start of the area */
#define BOARD_FLASH_ADDRESS 0x30Cu    /* write: where the bytes lie in memory, or shall go */
#define BOARD_FLASH_COUNT 0x310u      /* write: how many */
#define BOARD_FLASH_COMMAND 0x314u    /* write, acts */
#define BOARD_FLASH_STATUS 0x318u     /* read: 0 when the last command was done */
#define BOARD_FLASH_READ 1u
#define BOARD_FLASH_ERASE 2u
#define BOARD_FLASH_PROGRAM 3u
#define BOARD_SLOT_BYTES 0x00400000u

/* Mailbox to the Edge TPU. */
#define BOARD_TPU_NETWORK 0x400u /* write: of ut_network */
#define BOARD_TPU_MODEL 0x404u   /* write: address of the network's bytes */
#define BOARD_TPU_BYTES 0x408u   /* write: how many */
#define BOARD_TPU_ARENA 0x40Cu   /* write: bytes of its arena */
#define BOARD_TPU_INPUT 0x410u   /* write: address of the input */
#define BOARD_TPU_INPUTS 0x414u  /* write: values */
#define BOARD_TPU_OUTPUT 0x418u  /* write: address of the output */
#define BOARD_TPU_OUTPUTS 0x41Cu /* write: values */
#define BOARD_TPU_COMMAND 0x420u /* write, acts */
#define BOARD_TPU_STATUS 0x424u  /* read: 0 when the last command was done; of ut_load_status */
#define BOARD_TPU_THERE 0x428u   /* read: 1 where it came up */
#define BOARD_TPU_CELSIUS 0x42Cu /* read: thousandths of a degree, signed; without the TPU it never ends */
#define BOARD_TPU_LOAD 1u
#define BOARD_TPU_INFER 2u
#define BOARD_ARENA_BYTES 0x00100000u /* most that a network may take */

/* Microphone: int16 samples at 16 kHz. */
#define BOARD_MICROPHONE_POWER 0x500u   /* write, acts: 1 on, 0 off */
#define BOARD_MICROPHONE_FITTED 0x504u  /* read: 1 where the board has one */
#define BOARD_MICROPHONE_ADDRESS 0x508u /* write: where samples shall go */
#define BOARD_MICROPHONE_TAKE 0x50Cu    /* write, acts: take at most so many */
#define BOARD_MICROPHONE_TAKEN 0x510u   /* read: how many it were */
#define BOARD_MICROPHONE_LOST 0x514u    /* read: samples lost since this was last read */

static inline uint32_t board_read(uint32_t offset) {
    return *(volatile const uint32_t *)(uintptr_t)(BOARD_REGISTERS + offset);
}

static inline void board_write(uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)(uintptr_t)(BOARD_REGISTERS + offset) = value;
}

/* Sleep until something happens. */
static inline void board_wait(void) { __asm volatile("wfi" ::: "memory"); }

/* An address as a register takes it; all of them fit 32 bits here. */
static inline uint32_t board_address(const volatile void *pointer) { return (uint32_t)(uintptr_t)pointer; }

#endif
