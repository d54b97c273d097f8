/* Tasks are threads of this machine, a tick is a millisecond. */
#ifndef FAKE_TASK_H
#define FAKE_TASK_H

#include <chrono>
#include <thread>

#include "third_party/freertos_kernel/include/FreeRTOS.h"

typedef void* TaskHandle_t;
extern uint32_t g_waited, g_woken;

inline TaskHandle_t xTaskGetCurrentTaskHandle() { return nullptr; }
inline uint32_t ulTaskNotifyTake(int, TickType_t ticks) {
  g_waited += ticks;
  return 0;
}
inline void xTaskNotifyGive(TaskHandle_t) { ++g_woken; }
inline int xTaskCreate(void (*run)(void*), const char*, configSTACK_DEPTH_TYPE, void* argument, int, TaskHandle_t*) {
  std::thread(run, argument).detach();
  return pdPASS;
}
inline void vTaskDelay(TickType_t ticks) { std::this_thread::sleep_for(std::chrono::milliseconds(ticks)); }
inline TickType_t xTaskGetTickCount() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<TickType_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

#endif
