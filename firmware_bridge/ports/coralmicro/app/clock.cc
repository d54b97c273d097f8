/* The core's own cycle counter stands still while the core sleeps, and it sleeps whenever every task waits,
 * for the Edge TPU above all: the wait would not count. The microsecond timer runs on, so cycles are made
 * from it. */
#include "clock.h"

#include "libs/base/timer.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_clock.h"

namespace undertone {
namespace {

/* The SDK adds a count of roll-overs to a register, in two steps: a roll-over between them, every 71 minutes,
 * gives a time that lies 71 minutes off. Two readings in order that are close together are no such pair. */
uint64_t Micros() {
  constexpr uint64_t kClose = 1000000;
  uint64_t first = coralmicro::TimerMicros();
  for (;;) {
    const uint64_t second = coralmicro::TimerMicros();
    if (second - first < kClose) {
      return second;
    }
    first = second;
  }
}

} /* namespace */

uint32_t CyclesPerMicrosecond() {
  static const uint32_t cycles = CLOCK_GetRootClockFreq(kCLOCK_Root_M7) / 1000000u;
  return cycles;
}

uint32_t Cycles(void* /*context*/) {
  return static_cast<uint32_t>(Micros()) * CyclesPerMicrosecond();
}

uint32_t Milliseconds(void* /*context*/) { return static_cast<uint32_t>(Micros() / 1000); }

} /* namespace undertone */
