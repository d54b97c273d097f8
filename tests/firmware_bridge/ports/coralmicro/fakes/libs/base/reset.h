#ifndef FAKE_RESET_H
#define FAKE_RESET_H

#include <cstdint>

extern uint32_t g_reset_flags;

namespace coralmicro {
struct ResetStats {
  uint32_t reset_reason, watchdog_resets, lockup_resets;
};
inline ResetStats ResetGetStats() { return {g_reset_flags, 0, 0}; }
}  // namespace coralmicro

#endif
