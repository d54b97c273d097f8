/* Where the SDK hands over. */
#include "device_task.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"

extern "C" [[noreturn]] void app_main(void* /*unused*/) {
  undertone::DeviceTaskStart();
  for (;;) {
    vTaskSuspend(nullptr);
  }
}
