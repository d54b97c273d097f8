/* One conversation, by TCP or by the UART: whoever spoke last is answered. */
#ifndef UNDERTONE_CORALMICRO_WIRE_H
#define UNDERTONE_CORALMICRO_WIRE_H

#include <cstddef>
#include <cstdint>

namespace undertone {

/* Listen on both; the calling task is woken when bytes have come. */
void WireStart();

/* Take up to `most` bytes, at least 2, that came; return how many. Waits up to `wait_ms` where there are
 * none. */
size_t WireTake(uint8_t* bytes, size_t most, uint32_t wait_ms);

void WireSend(void* context, const uint8_t* bytes, size_t count);

} /* namespace undertone */

#endif
