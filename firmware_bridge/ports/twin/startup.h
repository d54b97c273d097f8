/* What startup.c offers besides the reset. */
#ifndef UNDERTONE_TWIN_STARTUP_H
#define UNDERTONE_TWIN_STARTUP_H

#include <stdint.h>

#define BOARD_PAINT 0xC5A55A5Cu

/* Handlers: of what the processor refuses, of the watchdog (crash_port.c). */
void board_fault(void);
void board_watchdog(void);

/* Most bytes of stack that were ever in use. */
uint32_t board_stack_peak(void);

#endif
