#ifndef FAKE_TASK_H
#define FAKE_TASK_H

#include "third_party/freertos_kernel/include/FreeRTOS.h"

typedef void* TaskHandle_t;
inline TaskHandle_t xTaskGetCurrentTaskHandle() { return nullptr; }
extern uint32_t g_waited;
inline uint32_t ulTaskNotifyTake(int, TickType_t ticks) {
  g_waited += ticks;
  return 0;
}

#endif
