/* The host's TCP connection, over USB-Ethernet. */
#ifndef UNDERTONE_CORALMICRO_TCP_H
#define UNDERTONE_CORALMICRO_TCP_H

#include <cstddef>
#include <cstdint>

#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"

namespace undertone {

inline constexpr int kTcpPort = 7000;

/* Listen from now on. `reader` is woken when bytes have come. */
void TcpStart(TaskHandle_t reader);

/* Take up to `most` bytes that came; return how many. */
size_t TcpTake(uint8_t* bytes, size_t most);

/* Send; gives up when the host takes nothing for two seconds, or is gone. It will ask again. */
void TcpSend(const uint8_t* bytes, size_t count);

/* Most bytes that ever waited. */
uint32_t TcpPeak();

} /* namespace undertone */

#endif
