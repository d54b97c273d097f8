/* Tasks are threads of this machine, a tick is a millisecond. */
#ifndef FAKE_TASK_H
#define FAKE_TASK_H

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "third_party/freertos_kernel/include/FreeRTOS.h"

typedef void* TaskHandle_t;
extern std::atomic<uint32_t> g_waited, g_woken;

/* What the kernel knows of a task whose stack is given to it. As in the kernel, the place where the registers were put
 * away comes first. Only one such task is made. */
struct FakeTask {
  const uint32_t* top;
  StackType_t* stack;
  char name[20];
};
inline FakeTask g_fake_task = {nullptr, nullptr, "fake"};
extern "C" void vApplicationStackOverflowHook(TaskHandle_t task, char* name) __attribute__((weak));

inline bool FakeStackIsFull() {
  return g_fake_task.stack != nullptr && std::any_of(g_fake_task.stack, g_fake_task.stack + 4,
                                                     [](StackType_t word) { return word != 0xA5A5A5A5u; });
}
/* The kernel's check at a switch, as stack_check.h has it; once, for a process cannot start anew. */
inline void FakeSwitch() {
  static std::atomic<bool> told{false};
  if (FakeStackIsFull() && !told.exchange(true) && vApplicationStackOverflowHook != nullptr) {
    vApplicationStackOverflowHook(&g_fake_task, g_fake_task.name);
  }
}

/* A task that never waits keeps its own priority and all below from running; -1: there is none. */
inline std::atomic<int> g_spinning{-1};
inline thread_local int g_priority = 0;
inline void FakeHold() {
  while (g_priority <= g_spinning) std::this_thread::sleep_for(std::chrono::milliseconds(2));
}
inline void FakeStart(void (*run)(void*), void* argument, int priority) {
  std::thread([run, argument, priority] {
    g_priority = priority;
    run(argument);
  }).detach();
}

inline TaskHandle_t xTaskGetCurrentTaskHandle() { return &g_fake_task; }
inline void vTaskDelay(TickType_t ticks) {
  FakeSwitch();
  FakeHold();
  std::this_thread::sleep_for(std::chrono::milliseconds(ticks));
}
inline void vTaskSuspend(TaskHandle_t) { vTaskDelay(1000); }
inline uint32_t ulTaskNotifyTake(int, TickType_t ticks) {
  if (ticks == portMAX_DELAY) { /* until somebody gives: looked for every 2 ms */
    vTaskDelay(2);
    return 0;
  }
  g_waited += ticks;
  FakeHold();
  vTaskDelay(ticks / 10);
  return 0;
}
inline void xTaskNotifyGive(TaskHandle_t) { ++g_woken; }
inline int xTaskCreate(void (*run)(void*), const char*, configSTACK_DEPTH_TYPE, void* argument, int priority,
                       TaskHandle_t*) {
  FakeStart(run, argument, priority);
  return pdPASS;
}
inline TaskHandle_t xTaskCreateStatic(void (*run)(void*), const char* name, uint32_t words, void* argument,
                                      UBaseType_t priority, StackType_t* stack, StaticTask_t* task) {
  std::fill(stack, stack + words, 0xA5A5A5A5u);
  g_fake_task.stack = stack;
  *std::copy_n(name, std::min(std::strlen(name), sizeof g_fake_task.name - 1), g_fake_task.name) = 0;
  FakeStart(run, argument, static_cast<int>(priority));
  return task;
}
enum eTaskState { eRunning };
struct TaskStatus_t {
  StackType_t* pxStackBase;
  uint16_t usStackHighWaterMark;
};
inline void vTaskGetInfo(TaskHandle_t, TaskStatus_t* status, int, eTaskState) {
  static StackType_t unused[4] = {0xA5A5A5A5u, 0xA5A5A5A5u, 0xA5A5A5A5u, 0xA5A5A5A5u};
  status->pxStackBase = g_fake_task.stack != nullptr ? g_fake_task.stack : unused;
  status->usStackHighWaterMark = 1096;
}
inline const char* pcTaskGetName(TaskHandle_t) { return g_fake_task.name; }
inline void vTaskPrioritySet(TaskHandle_t, UBaseType_t priority) { g_priority = static_cast<int>(priority); }
inline TickType_t xTaskGetTickCount() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<TickType_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

#endif
