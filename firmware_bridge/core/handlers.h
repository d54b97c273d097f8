/* What every handler of requests needs. Their prototypes are made from the table: protocol_handlers.h. */
#ifndef UNDERTONE_HANDLERS_H
#define UNDERTONE_HANDLERS_H

#include "protocol_handlers.h"
#include "refusals.h"
#include "state.h"
#include "text.h"
#include "ut_config.h"

#endif
