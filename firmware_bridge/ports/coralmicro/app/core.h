/* The device's core, which is C, for the C++ of this port. */
#ifndef UNDERTONE_CORALMICRO_CORE_H
#define UNDERTONE_CORALMICRO_CORE_H

extern "C" {
#include "device.h"
#include "ut_config.h"
}

namespace undertone {

inline constexpr uint32_t kSlotBytes = 2u << 20;  /* of flash, for one image */
inline constexpr uint32_t kArenaBytes = 1u << 20; /* of each network */

} /* namespace undertone */

#endif
