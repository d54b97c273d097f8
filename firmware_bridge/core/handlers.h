/* What the handlers of requests share. Their prototypes are made from the table: protocol_handlers.h. */
#ifndef UNDERTONE_HANDLERS_H
#define UNDERTONE_HANDLERS_H

#include "device.h"
#include "protocol_handlers.h"
#include "text.h"

/* health.c */
ut_health ut_health_of(const ut_device *device);
void ut_write_health(const ut_device *device, struct ut_msg_stats *stats);

/* server.c: what this device can do, bits of ut_capability */
uint16_t ut_capabilities(const ut_port *port);

#endif
