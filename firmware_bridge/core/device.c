/* What a port calls: start, bytes from the host, time. */
#include "device.h"

#include "server.h"
#include "slots.h"
#include "use.h"

/* Pieces in one poll, so that requests are answered even where the microphone is faster than the scorer. */
#define MOST_PIECES 32u
#define PATIENCE_MS 2000u /* for a host that has not asked what became of its segment */

int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build,
                        const ut_memory *memory) {
    uint8_t *const bytes = (uint8_t *)device;
    for (size_t i = 0; i < sizeof(*device); ++i) {
        bytes[i] = 0;
    }
    device->port = port;
    device->build = build;
    device->memory = memory;
    device->slot = -1;
    ut_scorer_init(&device->scorer, port, build->frontend, memory, &device->image, &device->stats,
                   &device->recovery);
    if (ut_check(build->frontend) != 0 || port->flash_read == 0) {
        return -1;
    }
    int32_t order[3];
    ut_slots_order(port, order);
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

void ut_device_poll(ut_device *device) {
    const ut_port *const port = device->port;
    for (uint32_t piece = 0; piece < MOST_PIECES && device->listener.mode != UT_LISTEN_OFF; ++piece) {
        int16_t pcm[UT_CHUNK_SAMPLES];
        uint32_t lost = 0;
        const size_t count = port->microphone(port->context, pcm, UT_CHUNK_SAMPLES, &lost);
        device->listener.lost_samples += lost;
        device->stats.microphone_overruns += lost > 0;
        if (device->listener.mode == UT_LISTEN_LIVE) {
            ut_scorer_push(&device->scorer, pcm, count);
        } else {
            ut_listener_capture(&device->listener, device->memory->capture, pcm, (uint32_t)count);
        }
        if (count < UT_CHUNK_SAMPLES) {
            return;
        }
    }
}

int32_t ut_device_wants_restart(const ut_device *device) {
    const ut_recovery *const recovery = &device->recovery;
    if (!recovery->wanted) {
        return 0;
    }
    return recovery->told ||
           device->port->milliseconds(device->port->context) - recovery->since_ms > PATIENCE_MS;
}
