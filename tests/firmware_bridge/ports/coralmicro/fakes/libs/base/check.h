/* A failed CHECK suspends all tasks for good, the caller goes on alone. Here the caller stands still, and g_ended
 * says that the board would be dead but for its watchdog. */
#ifndef FAKE_CHECK_H
#define FAKE_CHECK_H

#include <atomic>
#include <chrono>
#include <thread>

extern std::atomic<bool> g_ended;

inline void FakeCheck(bool holds) {
  while (!holds) {
    g_ended = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}
#define CHECK(condition) FakeCheck(!!(condition))

#endif
