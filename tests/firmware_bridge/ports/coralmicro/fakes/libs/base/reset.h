#ifndef FAKE_RESET_H
#define FAKE_RESET_H

#include <atomic>

extern std::atomic<int> g_resets;

namespace coralmicro {
inline void ResetToFlash() { ++g_resets; }
}  // namespace coralmicro

#endif
