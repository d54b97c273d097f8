/* Requests about live listening and capture. A device without a microphone never
 * comes here: server.c refuses the requests. */
#include "handlers.h"

static void start(ut_device *device, uint8_t mode) {
    if (mode == UT_LISTEN_LIVE) {
        const ut_window_sink sink = {ut_listener_take, &device->listener};
        ut_segment_clear(&device->segment); /* there is one scorer: listening takes it */
        ut_scorer_start(&device->scorer, &sink);
    }
    ut_listener_start(&device->listener, device->port, mode);
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
        ut_listener_stop(&device->listener, device->port);
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

uint8_t ut_on_get_live(ut_device *device, union ut_reply *reply) {
    const ut_scorer *const scorer = &device->scorer;
    struct ut_msg_live *const live = &reply->live;
    const uint8_t refused = refuse_other_mode(device, UT_LISTEN_LIVE, reply);
    if (refused != 0) {
        return refused;
    }
    if (scorer->failed) {
        return ut_refuse_failed(&device->recovery, reply);
    }
    const uint32_t labels = scorer->windows > 0 ? device->image.labels : 0;
    const uint32_t keywords = scorer->windows > 0 ? device->image.keywords : 0;
    live->windows = scorer->windows;
    live->acoustic_count = live->fused_count = live->smoothed_count = (uint8_t)labels;
    live->keyword_count = (uint8_t)keywords;
    for (uint32_t i = 0; i < labels; ++i) {
        live->acoustic[i] = scorer->latest.acoustic[i];
        live->fused[i] = scorer->latest.fused[i];
        live->smoothed[i] = ut_listener_smoothed(&device->listener, scorer->windows, i);
    }
    for (uint32_t i = 0; i < keywords; ++i) {
        live->keyword[i] = scorer->latest.keyword[i];
    }
    live->lost_samples = device->listener.lost_samples;
    return UT_KIND_LIVE;
}

uint8_t ut_on_get_capture(ut_device *device, const struct ut_msg_get_capture *request,
                          union ut_reply *reply) {
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
