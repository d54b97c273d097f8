/* A watchdog whose resets are counted: a process cannot start anew. */
#ifndef FAKE_FSL_WDOG_H
#define FAKE_FSL_WDOG_H

#include <atomic>
#include <cstdint>

extern std::atomic<int> g_resets, g_refreshes;
extern std::atomic<int> g_watchdog_seconds;

struct WDOG_Type {};
inline WDOG_Type* const WDOG1 = nullptr;
struct wdog_config_t {
  bool enableInterrupt;
  uint16_t timeoutValue, interruptTimeValue;
};
inline void WDOG_GetDefaultConfig(wdog_config_t* config) { *config = {false, 0xFF, 4}; }
inline void WDOG_Init(WDOG_Type*, const wdog_config_t* config) {
  g_watchdog_seconds = (config->timeoutValue + 1) / 2;
}
inline void WDOG_Refresh(WDOG_Type*) { ++g_refreshes; }
inline void WDOG_TriggerSystemSoftwareReset(WDOG_Type*) { ++g_resets; }

#endif
