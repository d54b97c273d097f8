/* Start, forget, use another slot: what ties the parts together. */
#include "device.h"

#include "server.h"
#include "slots.h"

#define PATIENCE_MS 2000u /* for a host that has not asked what became of its segment */

static int32_t load_networks(const ut_device *device, const ut_image *image) {
    const ut_port *const port = device->port;
    for (uint32_t i = 0; i < UT_NETWORKS; ++i) {
        const ut_image_network *const network = &image->networks[i];
        const uint8_t *const model = device->memory->models + (network->offset - UT_IMAGE_HEADER_BYTES);
        const int32_t status = port->load(port->context, i, model, network->bytes, network->arena_bytes,
                                          network->inputs, network->outputs);
        if (status != UT_LOADED) {
            return status == UT_LOAD_BROKEN ? UT_ERROR_INTERNAL : UT_ERROR_DOES_NOT_FIT;
        }
    }
    return 0;
}

int32_t ut_device_use(ut_device *device, int32_t slot) {
    ut_image *const image = &device->image;
    /* What is in use goes first: the new networks take the old ones' memory. */
    device->slot = -1;
    ut_segment_clear(device);
    ut_listener_stop(device);
    int32_t bad = ut_image_open(device, slot, image);
    if (bad == 0) {
        bad = ut_image_verify(device, slot, image, device->memory->models);
    }
    if (bad == 0) {
        bad = load_networks(device, image);
    }
    if (bad == 0) {
        device->slot = slot;
    }
    return bad;
}

int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory) {
    uint8_t *const bytes = (uint8_t *)device;
    for (size_t i = 0; i < sizeof(*device); ++i) {
        bytes[i] = 0;
    }
    device->port = port;
    device->build = build;
    device->memory = memory;
    device->slot = -1;
    if (ut_check(build->frontend) != 0 || port->flash_read == 0) {
        return -1;
    }
    int32_t order[3];
    ut_slots_order(device, order);
    for (size_t i = 0; i < 3 && order[i] >= 0; ++i) {
        if (ut_device_use(device, order[i]) == 0) {
            return device->slot;
        }
    }
    return -1;
}

void ut_device_receive(ut_device *device, const uint8_t *bytes, size_t count) {
    ut_frame frame = {0, 0, 0, 0, 0};
    enum ut_fault fault = UT_FAULT_NONE;
    for (size_t i = 0; i < count; ++i) {
        if (!ut_decoder_take(&device->decoder, bytes[i], &frame, &fault)) {
            continue;
        }
        if (fault == UT_FAULT_NONE) {
            ut_serve(device, &frame);
        } else {
            ut_serve_fault(device, &frame, fault);
        }
    }
}

int32_t ut_device_wants_restart(const ut_device *device) {
    const ut_recovery *const recovery = &device->recovery;
    if (!recovery->wanted) {
        return 0;
    }
    return recovery->told || device->port->milliseconds(device->port->context) - recovery->since_ms > PATIENCE_MS;
}

void ut_device_forget(ut_device *device) {
    ut_replies_clear(&device->replies);
    ut_segment_clear(device);
    ut_listener_stop(device);
    device->update.begun = 0;
}
