/* The firmware with one mistake more: told so, it calls itself without end while it looks after its device.
 */
#include <stdint.h>

#include "device.h"

volatile uint32_t go_deep; /* a test sets it; a restart clears it */

void __real_ut_device_poll(ut_device *device);
void __wrap_ut_device_poll(ut_device *device);

__attribute__((noinline)) static uint32_t deeper(uint32_t depth) {
    volatile uint32_t local[64];
    local[depth & 63u] = depth;
    return depth == 0xFFFFFFu ? 0 : deeper(depth + 1u) + local[(depth + 1u) & 63u];
}

/* The linker leads main's calls here. */
void __wrap_ut_device_poll(ut_device *device) {
    if (go_deep != 0) {
        go_deep = deeper(1);
    }
    __real_ut_device_poll(device);
}
