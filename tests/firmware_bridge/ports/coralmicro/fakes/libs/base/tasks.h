#ifndef FAKE_TASKS_H
#define FAKE_TASKS_H

namespace coralmicro {
enum { kAppTaskPriority = 3, kConsoleTaskPriority = 3, kUsbDeviceTaskPriority = 4, kAudioTaskPriority = 4 };
}  // namespace coralmicro

#endif
