/* The debug UART: a way to the board without its network. The SDK's console prints there too. */
#ifndef UNDERTONE_CORALMICRO_UART_H
#define UNDERTONE_CORALMICRO_UART_H

#include <cstddef>
#include <cstdint>

#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"

namespace undertone {

/* Listen from now on. `reader` is woken when bytes have come. */
void UartStart(TaskHandle_t reader);

/* Take up to `most` bytes that came; return how many. */
size_t UartTake(uint8_t* bytes, size_t most);

/* Queue one frame. */
void UartSend(const uint8_t* bytes, size_t count);

/* Bytes that found no room. */
uint32_t UartOverruns();

/* Most bytes that ever waited. */
uint32_t UartPeak();

} /* namespace undertone */

#endif
