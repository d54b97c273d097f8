/* Tasks are threads of this machine, a tick is a millisecond. */
#ifndef FAKE_TASK_H
#define FAKE_TASK_H

#include <atomic>
#include <chrono>
#include <thread>

#include "third_party/freertos_kernel/include/FreeRTOS.h"

typedef void* TaskHandle_t;
extern std::atomic<uint32_t> g_waited, g_woken;

inline TaskHandle_t xTaskGetCurrentTaskHandle() {
  static int task;
  return &task;
}
inline void vTaskDelay(TickType_t ticks) { std::this_thread::sleep_for(std::chrono::milliseconds(ticks)); }
inline void vTaskSuspend(TaskHandle_t) { vTaskDelay(1000); }
inline uint32_t ulTaskNotifyTake(int, TickType_t ticks) {
  if (ticks == portMAX_DELAY) { /* until somebody gives: looked for every 2 ms */
    vTaskDelay(2);
    return 0;
  }
  g_waited += ticks;
  vTaskDelay(ticks / 10);
  return 0;
}
inline void xTaskNotifyGive(TaskHandle_t) { ++g_woken; }
inline int xTaskCreate(void (*run)(void*), const char*, configSTACK_DEPTH_TYPE, void* argument, int,
                       TaskHandle_t*) {
  std::thread(run, argument).detach();
  return pdPASS;
}
inline TaskHandle_t xTaskCreateStatic(void (*run)(void*), const char*, uint32_t, void* argument, UBaseType_t,
                                      StackType_t*, StaticTask_t* task) {
  std::thread(run, argument).detach();
  return task;
}
enum eTaskState { eRunning };
struct TaskStatus_t {
  uint16_t usStackHighWaterMark;
};
inline void vTaskGetInfo(TaskHandle_t, TaskStatus_t* status, int, eTaskState) {
  status->usStackHighWaterMark = 1096;
}
inline const char* pcTaskGetName(TaskHandle_t) { return "fake"; }
inline void vTaskPrioritySet(TaskHandle_t, UBaseType_t) {}
inline TickType_t xTaskGetTickCount() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<TickType_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

#endif
