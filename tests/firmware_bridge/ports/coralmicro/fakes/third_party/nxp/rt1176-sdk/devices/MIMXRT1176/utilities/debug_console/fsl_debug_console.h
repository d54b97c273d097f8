#ifndef FAKE_FSL_DEBUG_CONSOLE_H
#define FAKE_FSL_DEBUG_CONSOLE_H

#include <chrono>
#include <thread>

#include "libs/base/console_m7.h"

/* Sleeps until a byte comes. */
inline int DbgConsole_Getchar() {
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(g_console.mutex);
      if (!g_console.in.empty()) {
        const auto byte = static_cast<unsigned char>(g_console.in[0]);
        g_console.in.erase(0, 1);
        return byte;
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

#endif
