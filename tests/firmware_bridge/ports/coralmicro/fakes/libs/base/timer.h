#ifndef FAKE_TIMER_H
#define FAKE_TIMER_H

#include <chrono>
#include <cstdint>

namespace coralmicro {
inline uint64_t TimerMicros() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}
inline uint64_t TimerMillis() { return TimerMicros() / 1000; }
}  // namespace coralmicro

#endif
