/* What changes the whole device: another slot, or everything forgotten. */
#include "use.h"

#include "state.h"

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
    ut_segment_clear(&device->segment);
    ut_listener_stop(&device->listener, device->port);
    int32_t bad = ut_image_open(device->port, device->build, device->memory->models_bytes, slot, image);
    if (bad == 0) {
        bad = ut_image_verify(device->port, slot, image, device->memory->models);
    }
    if (bad == 0) {
        bad = load_networks(device, image);
    }
    if (bad == 0) {
        device->slot = slot;
    }
    return bad;
}

void ut_device_forget(ut_device *device) {
    ut_replies_clear(&device->replies);
    ut_segment_clear(&device->segment);
    ut_listener_stop(&device->listener, device->port);
    device->update.begun = 0;
}
