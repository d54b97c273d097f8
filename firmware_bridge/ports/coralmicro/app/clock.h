/* Time: of stages, and since the start. */
#ifndef UNDERTONE_CORALMICRO_CLOCK_H
#define UNDERTONE_CORALMICRO_CLOCK_H

#include <cstdint>

namespace undertone {

/* Of the core's clock in a microsecond. */
uint32_t CyclesPerMicrosecond();

/* Cycles of the core's clock, in steps of a microsecond; wraps. */
uint32_t Cycles(void* context);

uint32_t Milliseconds(void* context);

} /* namespace undertone */

#endif
