/* Live listening and capture. The port fills a queue; each poll empties it. A device without a microphone never
 * comes here: server.c refuses the requests. */
#include "listener.h"

#include "handlers.h"

/* Pieces in one poll, so that requests are answered even where the microphone is faster than the scorer. */
#define MOST_PIECES 32u

static void power(const ut_device *device, int32_t on) {
    if (device->port->microphone_power != 0) {
        device->port->microphone_power(device->port->context, on);
    }
}

void ut_listener_stop(ut_device *device) {
    if (device->listener.mode != UT_LISTEN_OFF) {
        power(device, 0);
    }
    device->listener.mode = UT_LISTEN_OFF;
}

static void start(ut_device *device, uint8_t mode) {
    ut_listener *const listener = &device->listener;
    if (mode == UT_LISTEN_LIVE) {
        ut_segment_clear(device); /* there is one scorer: listening takes it */
        ut_scorer_start(device);
    }
    listener->lost_samples = listener->captured = listener->held = listener->place = listener->settled = 0;
    listener->mode = mode;
    power(device, 1);
}

uint8_t ut_on_listen(ut_device *device, const struct ut_msg_listen *request, union ut_reply *reply) {
    if (request->mode > UT_LISTEN_CAPTURE) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "no way to listen has number %; the last is %",
                         request->mode, UT_LISTEN_CAPTURE);
    }
    if (request->mode == UT_LISTEN_LIVE && device->slot < 0) {
        return ut_refuse_no_bundle(reply);
    }
    if (request->mode != device->listener.mode) {
        ut_listener_stop(device);
        if (request->mode != UT_LISTEN_OFF) {
            start(device, request->mode);
        }
    }
    reply->listening.mode = device->listener.mode;
    return UT_KIND_LISTENING;
}

static uint8_t refuse_other_mode(const ut_device *device, uint8_t mode, union ut_reply *reply) {
    if (device->listener.mode != mode) {
        return ut_refuse(reply, UT_ERROR_NOT_LISTENING, "the device listens in mode %, not %",
                         device->listener.mode, mode);
    }
    return 0;
}

static int8_t smoothed(const ut_listener *listener, uint32_t windows, uint32_t label) {
    const uint32_t count = windows < UT_SMOOTHED_WINDOWS ? windows : UT_SMOOTHED_WINDOWS;
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
        sum += listener->recent[i].fused[label];
    }
    return ut_mean_of(sum, (int32_t)count);
}

uint8_t ut_on_get_live(ut_device *device, union ut_reply *reply) {
    const ut_scorer *const scorer = &device->scorer;
    struct ut_msg_live *const live = &reply->live;
    const uint8_t refused = refuse_other_mode(device, UT_LISTEN_LIVE, reply);
    if (refused != 0) {
        return refused;
    }
    if (scorer->failed) {
        return ut_refuse_failed(device, reply);
    }
    const uint32_t labels = scorer->windows > 0 ? device->image.labels : 0;
    const uint32_t keywords = scorer->windows > 0 ? device->image.keywords : 0;
    live->windows = scorer->windows;
    live->acoustic_count = live->fused_count = live->smoothed_count = (uint8_t)labels;
    live->keyword_count = (uint8_t)keywords;
    for (uint32_t i = 0; i < labels; ++i) {
        live->acoustic[i] = scorer->latest.acoustic[i];
        live->fused[i] = scorer->latest.fused[i];
        live->smoothed[i] = smoothed(&device->listener, scorer->windows, i);
    }
    for (uint32_t i = 0; i < keywords; ++i) {
        live->keyword[i] = scorer->latest.keyword[i];
    }
    live->lost_samples = device->listener.lost_samples;
    return UT_KIND_LIVE;
}

uint8_t ut_on_get_capture(ut_device *device, const struct ut_msg_get_capture *request, union ut_reply *reply) {
    ut_listener *const listener = &device->listener;
    struct ut_msg_captured *const part = &reply->captured;
    const uint8_t refused = refuse_other_mode(device, UT_LISTEN_CAPTURE, reply);
    if (refused != 0) {
        return refused;
    }
    const uint32_t wanted = listener->captured - request->offset; /* samples, from there to the newest */
    if (wanted > UINT32_MAX / 2) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "sample % of %", request->offset, listener->captured);
    }
    if (wanted < listener->captured - listener->settled) {
        listener->settled = request->offset;
    }
    const uint32_t available = wanted < listener->held ? wanted : listener->held;
    const uint32_t count = available < UT_CHUNK_SAMPLES ? available : UT_CHUNK_SAMPLES;
    uint32_t from = (listener->place + UT_CAPTURE_SAMPLES - available) % UT_CAPTURE_SAMPLES;
    for (uint32_t i = 0; i < count; ++i) {
        part->pcm[i] = device->memory->capture[from];
        from = from + 1 < UT_CAPTURE_SAMPLES ? from + 1 : 0;
    }
    part->offset = listener->captured - available;
    part->available = available;
    part->lost_samples = listener->lost_samples;
    part->pcm_count = (uint16_t)count;
    return UT_KIND_CAPTURED;
}

/* Put samples into the ring, over the oldest ones; count those that the host had not fetched. */
static void capture(ut_device *device, const int16_t *pcm, uint32_t count) {
    ut_listener *const listener = &device->listener;
    for (uint32_t i = 0; i < count; ++i) {
        device->memory->capture[listener->place] = pcm[i];
        listener->place = listener->place + 1 < UT_CAPTURE_SAMPLES ? listener->place + 1 : 0;
    }
    listener->captured += count;
    listener->held += count;
    if (listener->held > UT_CAPTURE_SAMPLES) {
        listener->held = UT_CAPTURE_SAMPLES;
    }
    const uint32_t unsettled = listener->captured - listener->settled;
    if (unsettled > UT_CAPTURE_SAMPLES) {
        listener->lost_samples += unsettled - UT_CAPTURE_SAMPLES;
        listener->settled = listener->captured - UT_CAPTURE_SAMPLES;
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
            ut_scorer_push(device, pcm, count, 1);
        } else {
            capture(device, pcm, (uint32_t)count);
        }
        if (count < UT_CHUNK_SAMPLES) {
            return;
        }
    }
}
