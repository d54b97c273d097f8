/* The task that runs the core. */
#ifndef UNDERTONE_CORALMICRO_DEVICE_TASK_H
#define UNDERTONE_CORALMICRO_DEVICE_TASK_H

#include <cstdint>

namespace undertone {

inline constexpr uint32_t kStackBytes = 16384;

void DeviceTaskStart();

} /* namespace undertone */

#endif
