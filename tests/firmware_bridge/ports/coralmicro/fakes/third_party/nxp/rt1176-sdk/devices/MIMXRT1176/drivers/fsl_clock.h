#ifndef FAKE_FSL_CLOCK_H
#define FAKE_FSL_CLOCK_H

#include <cstdint>

enum clock_root_t { kCLOCK_Root_M7 };
inline uint32_t CLOCK_GetRootClockFreq(clock_root_t) { return 792000000u; }

#endif
