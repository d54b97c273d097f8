/* The device: everything that the firmware does, on any port. No RTOS, no allocation, no global, no libm.
 *
 *     port bytes -> framing -> replies -> server -> on_* -> segment / listener / update -> scorer -> port
 *
 * The caller owns the memory: one ut_device (state.h), and the large buffers of ut_memory (setup.h).
 */
#ifndef UNDERTONE_DEVICE_H
#define UNDERTONE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "state.h"
#include "ut_config.h"

/* Make a device ready: check the build, find the newest whole slot, load its networks. Returns the slot, or
 * -1 where none can be run; the device answers all the same. */
int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build,
                        const ut_memory *memory);

/* Take bytes from the host; answers go to port->send before this returns. */
void ut_device_receive(ut_device *device, const uint8_t *bytes, size_t count);

/* Take what the microphone has, while listening. To be called often: at least every 50 ms. */
void ut_device_poll(ut_device *device);

/* Whether the port shall restart now, where it can: a network failed, and the host has been told so, or has
 * not asked for two seconds. To be asked after each ut_device_receive and ut_device_poll. */
int32_t ut_device_wants_restart(const ut_device *device);

#endif
