#ifndef FAKE_FREERTOS_H
#define FAKE_FREERTOS_H

#include <cstdint>

typedef uint32_t TickType_t;
typedef uint16_t configSTACK_DEPTH_TYPE;
typedef uint32_t StackType_t;
typedef unsigned long UBaseType_t;
struct StaticTask_t {};
#define pdTRUE 1
#define pdFALSE 0
#define portMAX_DELAY 0xFFFFFFFFu
#define pdPASS 1
#define pdMS_TO_TICKS(ms) (ms)
#define configMINIMAL_STACK_SIZE 90

#endif
