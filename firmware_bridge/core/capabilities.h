/* What a port can do follows from what it has. */
#ifndef UNDERTONE_CAPABILITIES_H
#define UNDERTONE_CAPABILITIES_H

#include <stdint.h>

#include "port.h"

/* Return bits of ut_capability. */
uint16_t ut_capabilities(const ut_port *port);

#endif
