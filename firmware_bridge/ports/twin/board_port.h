/* The board's registers as the core's ut_port. */
#ifndef UNDERTONE_TWIN_BOARD_PORT_H
#define UNDERTONE_TWIN_BOARD_PORT_H

#include "crash.h"
#include "port.h"

/* Which way a request came, and so its answers go. */
enum board_channel { BOARD_BULK, BOARD_UART };

typedef struct {
    enum board_channel channel;
    uint8_t reset_reason; /* of ut_reset_reason */
} board_context;

/* What outlives a restart. */
extern ut_kept board_kept;

/* Start anew, for a reason of ut_reset_reason. */
void board_restart(uint8_t reason);

/* Show the watchdog that the work goes on. */
void board_alive(void);

/* Fill a port; what the board does not have stays null. */
void board_port(board_context *context, ut_port *port);

/* Take what waits on either channel, at most `most` bytes; sets the context's channel. */
size_t board_receive(board_context *context, uint8_t *bytes, size_t most);

#endif
