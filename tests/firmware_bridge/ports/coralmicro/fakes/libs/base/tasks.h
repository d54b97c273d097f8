#ifndef FAKE_TASKS_H
#define FAKE_TASKS_H

namespace coralmicro {
inline constexpr int kUsbDeviceTaskPriority = 4;
}  // namespace coralmicro

#endif
