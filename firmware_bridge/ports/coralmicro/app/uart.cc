/* The console keeps 64 bytes and drops the oldest: at 115200 baud that is 5 ms, so a task of its own looks
 * for them every millisecond. The console's Read writes beyond a buffer that is smaller than those 64 bytes.
 */
#include "uart.h"

#include <algorithm>

#include "core.h"
#include "libs/base/check.h"
#include "libs/base/console_m7.h"
#include "libs/base/tasks.h"
#include "ring.h"
#include "sdram.h"

namespace undertone {
namespace {

constexpr uint32_t kRingBytes = 4096;
constexpr size_t kConsoleBytes = 64;
constexpr size_t kMostFrame = UT_FRAME_MOST_ENCODED + 1;
constexpr configSTACK_DEPTH_TYPE kStackWords = configMINIMAL_STACK_SIZE * 5;

UT_SDRAM uint8_t g_bytes[kRingBytes];
Ring<uint8_t, kRingBytes> g_ring(g_bytes);
TaskHandle_t g_reader;
std::atomic<uint32_t> g_overruns{0};

[[noreturn]] void Run(void* /*unused*/) {
  for (;;) {
    char piece[kConsoleBytes];
    const int count = coralmicro::ConsoleM7::GetSingleton()->Read(piece, sizeof piece);
    if (count <= 0) {
      vTaskDelay(1);
      continue;
    }
    const auto all = static_cast<size_t>(count);
    const size_t put = g_ring.Put(reinterpret_cast<const uint8_t*>(piece), all);
    g_overruns.fetch_add(static_cast<uint32_t>(all - put), std::memory_order_relaxed);
    xTaskNotifyGive(g_reader);
  }
}

} /* namespace */

void UartStart(TaskHandle_t reader) {
  g_reader = reader;
  CHECK(xTaskCreate(Run, "undertone_uart", kStackWords, nullptr, coralmicro::kConsoleTaskPriority, nullptr) ==
        pdPASS);
}

size_t UartTake(uint8_t* bytes, size_t most) { return g_ring.Take(bytes, most); }

void UartSend(const uint8_t* bytes, size_t count) {
  /* Text that other tasks print may stand before: a zero ends it, in one piece with the frame. */
  static char wire[1 + kMostFrame];
  const size_t most = std::min(count, kMostFrame);
  wire[0] = 0;
  std::copy_n(bytes, most, wire + 1);
  coralmicro::ConsoleM7::GetSingleton()->Write(wire, static_cast<int>(1 + most));
}

uint32_t UartOverruns() { return g_overruns.load(std::memory_order_relaxed); }

uint32_t UartPeak() { return g_ring.Peak(); }

} /* namespace undertone */
