#ifndef FAKE_TIMER_H
#define FAKE_TIMER_H

#include <chrono>
#include <cstdint>

namespace coralmicro {
/* As the SDK's, a reading at the rollover is 2^32 short; `torn` says how many are. 0: the time of this machine. */
struct FakeTimer {
  uint64_t fixed = 0;
  int torn = 0;
};
inline FakeTimer g_timer;
inline uint64_t TimerMicros() {
  if (g_timer.fixed != 0) {
    if (g_timer.torn > 0) {
      --g_timer.torn;
      if (g_timer.torn > 0) return g_timer.fixed - (uint64_t{1} << 32);
    }
    return g_timer.fixed;
  }
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}
inline uint64_t TimerMillis() { return TimerMicros() / 1000; }
}  // namespace coralmicro

#endif
