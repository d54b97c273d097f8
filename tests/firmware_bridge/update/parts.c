/* What the tests need to see of the core beside its own functions. */
#include "device.h"
#include "ut_config.h"

size_t part_device_bytes(void) { return sizeof(ut_device); }
int32_t part_slot(const ut_device *device) { return device->slot; }
const void *part_tables(void) { return &ut_frontend; }

/* A device that was not started: nothing was read from its flash. */
void part_prepare(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory) {
    uint8_t *const bytes = (uint8_t *)device;
    for (size_t i = 0; i < sizeof *device; ++i) {
        bytes[i] = 0;
    }
    device->port = port;
    device->build = build;
    device->memory = memory;
    device->slot = -1;
}
