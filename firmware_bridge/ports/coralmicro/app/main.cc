/* Where the SDK hands over. */
#include "device_task.h"
#include "libs/base/main_freertos_m7.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"

extern "C" [[noreturn]] void app_main(void* /*unused*/) {
  undertone::DeviceTaskStart();
  for (;;) {
    vTaskSuspend(nullptr);
  }
}

#ifdef __arm__
/* As the SDK's own, but for the console's receiving task: what the UART receives is ours (uart.cc). */
extern "C" int main(int argc, char** argv) {
  return real_main(argc, argv, /*init_console_tx=*/true, /*init_console_rx=*/false);
}
#endif
