#include "wire.h"

#include "tcp.h"
#include "uart.h"

namespace undertone {
namespace {

enum class Way { kNone, kTcp, kUart };
Way g_way = Way::kNone;

/* Take what came one way. Where the other way was in use, a zero ends the frame that it may have left
 * unfinished. */
size_t TakeFrom(Way way, size_t (*take)(uint8_t*, size_t), uint8_t* bytes, size_t most) {
  const size_t first = g_way == way ? 0 : 1;
  const size_t count = take(bytes + first, most - first);
  if (count == 0) {
    return 0;
  }
  bytes[0] = first == 0 ? bytes[0] : uint8_t{0};
  g_way = way;
  return first + count;
}

size_t TakeNow(uint8_t* bytes, size_t most) {
  const size_t count = TakeFrom(Way::kTcp, TcpTake, bytes, most);
  return count > 0 ? count : TakeFrom(Way::kUart, UartTake, bytes, most);
}

} /* namespace */

void WireStart() {
  TcpStart(xTaskGetCurrentTaskHandle());
  UartStart(xTaskGetCurrentTaskHandle());
}

size_t WireTake(uint8_t* bytes, size_t most, uint32_t wait_ms) {
  const size_t count = TakeNow(bytes, most);
  if (count > 0) {
    return count;
  }
  ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(wait_ms));
  return TakeNow(bytes, most);
}

void WireSend(void* /*context*/, const uint8_t* bytes, size_t count) {
  if (g_way == Way::kTcp) {
    TcpSend(bytes, count);
  } else {
    UartSend(bytes, count);
  }
}

} /* namespace undertone */
