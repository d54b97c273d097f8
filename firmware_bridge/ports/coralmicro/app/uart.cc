/* The SDK's console would keep 64 bytes, drop the oldest, and say nothing. So its receiving task is not started
 * (main.cc), and this one takes its place: it sleeps in the UART's driver, which holds a kilobyte, 89 ms at 115200
 * baud, and has the highest priority, so that it is never that late. */
#include "uart.h"

#include <algorithm>

#include "core.h"
#include "libs/base/check.h"
#include "libs/base/console_m7.h"
#include "libs/base/tasks.h"
#include "ring.h"
#include "sdram.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/utilities/debug_console/fsl_debug_console.h"

namespace undertone {
namespace {

constexpr uint32_t kRingBytes = 4096;
constexpr size_t kMostFrame = UT_FRAME_MOST_ENCODED + 1;
constexpr configSTACK_DEPTH_TYPE kStackWords = configMINIMAL_STACK_SIZE * 5;

UT_SDRAM uint8_t g_bytes[kRingBytes];
Ring<uint8_t, kRingBytes> g_ring(g_bytes);
TaskHandle_t g_reader;
std::atomic<uint32_t> g_overruns{0};

[[noreturn]] void Run(void* /*unused*/) {
  for (;;) {
    const int got = DbgConsole_Getchar();
    if (got < 0) {
      vTaskDelay(1);
      continue;
    }
    const auto byte = static_cast<uint8_t>(got);
    g_overruns.fetch_add(g_ring.Put(&byte, 1) == 0 ? 1u : 0u, std::memory_order_relaxed);
    if (byte == 0) {
      xTaskNotifyGive(g_reader); /* a frame is whole */
    }
  }
}

} /* namespace */

void UartStart(TaskHandle_t reader) {
  g_reader = reader;
  CHECK(xTaskCreate(Run, "undertone_uart", kStackWords, nullptr, coralmicro::kUsbDeviceTaskPriority, nullptr) ==
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
