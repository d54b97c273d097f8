#ifndef FAKE_LED_H
#define FAKE_LED_H

#include <atomic>

extern std::atomic<int> g_leds; /* bits: status, user */

namespace coralmicro {
enum class Led { kStatus, kUser };
inline bool LedSet(Led led, bool on) {
  const int bit = 1 << static_cast<int>(led);
  g_leds = on ? g_leds | bit : g_leds & ~bit;
  return true;
}
}  // namespace coralmicro

#endif
