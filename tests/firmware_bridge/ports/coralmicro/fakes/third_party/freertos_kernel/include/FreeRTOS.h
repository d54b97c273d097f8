#ifndef FAKE_FREERTOS_H
#define FAKE_FREERTOS_H

#include <cstdint>

typedef uint32_t TickType_t;
#define pdTRUE 1
#define pdMS_TO_TICKS(ms) (ms)

#endif
