/* Memory is what lies in RAM now: variables, what was allocated, networks, the part of the arenas that is
 * used and the core's large buffers; not the room that is only kept free in SDRAM. */
#include "marks.h"

#include <malloc.h>

#include <algorithm>

#include "mailbox.h"
#include "models.h"
#include "device_task.h"
#include "tcp.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"
#include "uart.h"

/* Of the SDK's linker script. */
extern "C" const char __data_start__, __data_end__, __bss_start__, __bss_end__;
extern "C" const char __noncachedata_start__, __noncachedata_end__;

namespace undertone {
namespace {

constexpr uint32_t kBuffers = sizeof(uint16_t) * UT_STORE_FRAMES * UT_CHANNELS +
                              UT_WINDOW_FRAMES * UT_CHANNELS + sizeof(int16_t) * UT_CAPTURE_SAMPLES;

uint32_t Between(const char& start, const char& end) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&end) - reinterpret_cast<uintptr_t>(&start));
}

uint32_t Variables() {
  return Between(__data_start__, __data_end__) + Between(__bss_start__, __bss_end__) +
         Between(__noncachedata_start__, __noncachedata_end__);
}

/* The kernel is configured without the short way to ask. */
uint32_t StackNeverUsed() {
  TaskStatus_t status;
  vTaskGetInfo(nullptr, &status, pdTRUE, eRunning);
  return static_cast<uint32_t>(status.usStackHighWaterMark * sizeof(StackType_t));
}

} /* namespace */

void Marks(void* /*context*/, ut_marks* marks) {
  const struct mallinfo heap = mallinfo();
  const uint32_t fixed = Variables() + kBuffers + ModelsBytes() + MailboxArenaBytes();
  marks->ram_bytes = fixed + static_cast<uint32_t>(heap.uordblks);
  marks->ram_peak_bytes = fixed + static_cast<uint32_t>(heap.arena);
  marks->stack_peak_bytes = kStackBytes - StackNeverUsed();
  marks->receive_peak_bytes = std::max(TcpPeak(), UartPeak());
  marks->receive_overruns = UartOverruns();
}

} /* namespace undertone */
