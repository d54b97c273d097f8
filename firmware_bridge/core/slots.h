/* Which of two slots is in use: two records in flash, written in turn, the newest whole one wins. */
#ifndef UNDERTONE_SLOTS_H
#define UNDERTONE_SLOTS_H

#include <stdint.h>

#include "port.h"

/* Order of the slots to try: the enabled one, then the other; -1 ends the list. */
void ut_slots_order(const ut_port *port, int32_t order[3]);

/* Make a slot the one that is used from the next start on. Whenever the power goes, either the old or the
 * new one is. Returns 0, or a code of ut_error_code. */
int32_t ut_slots_enable(const ut_port *port, int32_t slot);

#endif
