/* Every refusal of the device: its code, and its sentence for a person. All return UT_KIND_ERROR. */
#ifndef UNDERTONE_REFUSALS_H
#define UNDERTONE_REFUSALS_H

#include <stdint.h>

#include "protocol.h"
#include "stats.h"

/* Fill reply->error. In `sentence`, each % is replaced by the next of the numbers. */
uint8_t ut_refuse(union ut_reply *reply, uint8_t code, const char *sentence, uint32_t first, uint32_t second);

/* There is no bundle to score with. */
uint8_t ut_refuse_no_bundle(union ut_reply *reply);

/* A network failed; from now on the host knows. */
uint8_t ut_refuse_failed(ut_recovery *recovery, union ut_reply *reply);

/* This port lacks what a request needs: bits of ut_capability. */
uint8_t ut_refuse_incapable(union ut_reply *reply, uint16_t lacking);

/* An image was not taken, for a code of ut_error_code; any other code: its networks cannot be run. */
uint8_t ut_refuse_update(union ut_reply *reply, int32_t code);

#endif
