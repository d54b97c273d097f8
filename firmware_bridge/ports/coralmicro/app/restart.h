/* Why the board started, how it restarts, and what is left of a crash. */
#ifndef UNDERTONE_CORALMICRO_RESTART_H
#define UNDERTONE_CORALMICRO_RESTART_H

#include <cstdint>

extern "C" {
#include "crash.h"
#include "protocol.h"
}

namespace undertone {

/* First of all: find out why, and start the watchdog. */
void RestartStart();

/* Whether the last start ended while the Edge TPU was being opened: it is left alone this once. */
bool RestartSpoiltByTpu();

/* The Edge TPU is being opened, or was. */
void RestartOpeningTpu(bool opening);

/* The work goes on. To be called by the task that does it, and by no other. */
void RestartAlive();

/* Restart, for a reason of ut_reset_reason. On the board it does not return. */
void Restart(uint8_t reason);

/* As in ut_port. */
void Health(void* context, ut_health* health);
const ut_crash* Crash(void* context);

} /* namespace undertone */

#endif
