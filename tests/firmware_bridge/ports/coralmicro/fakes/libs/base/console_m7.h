/* The console: a ring of 64 bytes in, everything that is written out. */
#ifndef FAKE_CONSOLE_H
#define FAKE_CONSOLE_H

#include <algorithm>
#include <mutex>
#include <string>

struct FakeConsole {
  std::mutex mutex;
  std::string in, out;
};
extern FakeConsole g_console;

namespace coralmicro {
class ConsoleM7 {
 public:
  static ConsoleM7* GetSingleton() {
    static ConsoleM7 console;
    return &console;
  }
  int Read(char* to, int size) {
    const std::lock_guard<std::mutex> lock(g_console.mutex);
    if (g_console.in.empty()) return -1;
    const auto count = std::min<size_t>(64, g_console.in.size());
    if (size < 64) return -2; /* the real one would write beyond the buffer */
    std::copy_n(g_console.in.begin(), count, to);
    g_console.in.erase(0, count);
    return static_cast<int>(count);
  }
  void Write(char* from, int size) {
    const std::lock_guard<std::mutex> lock(g_console.mutex);
    g_console.out.append(from, static_cast<size_t>(size));
  }
};
}  // namespace coralmicro

#endif
