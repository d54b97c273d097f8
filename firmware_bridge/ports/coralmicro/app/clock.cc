/* The core's own cycle counter stands still while the core sleeps, and it sleeps whenever every task waits,
 * for the Edge TPU above all: the wait would not count. The microsecond timer runs on, so cycles are made
 * from it. */
#include "clock.h"

#include "libs/base/timer.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_clock.h"

namespace undertone {

uint32_t CyclesPerMicrosecond() {
  static const uint32_t cycles = CLOCK_GetRootClockFreq(kCLOCK_Root_M7) / 1000000u;
  return cycles;
}

uint32_t Cycles(void* /*context*/) {
  return static_cast<uint32_t>(coralmicro::TimerMicros()) * CyclesPerMicrosecond();
}

uint32_t Milliseconds(void* /*context*/) { return static_cast<uint32_t>(coralmicro::TimerMillis()); }

} /* namespace undertone */
