/* The microphone: what it is doing, the newest scores, the ring of samples. */
#include "listener.h"

#include "ut_config.h"

static void power(const ut_port *port, int32_t on) {
    if (port->microphone_power != 0) {
        port->microphone_power(port->context, on);
    }
}

void ut_listener_stop(ut_listener *listener, const ut_port *port) {
    if (listener->mode != UT_LISTEN_OFF) {
        power(port, 0);
    }
    listener->mode = UT_LISTEN_OFF;
}

void ut_listener_start(ut_listener *listener, const ut_port *port, uint8_t mode) {
    listener->lost_samples = listener->captured = listener->held = listener->place = listener->settled = 0;
    listener->mode = mode;
    power(port, 1);
}

void ut_listener_take(void *listener, const ut_scores *scores, uint32_t window) {
    ((ut_listener *)listener)->recent[window % UT_SMOOTHED_WINDOWS] = *scores;
}

int8_t ut_listener_smoothed(const ut_listener *listener, uint32_t windows, uint32_t label) {
    const uint32_t count = windows < UT_SMOOTHED_WINDOWS ? windows : UT_SMOOTHED_WINDOWS;
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
        sum += listener->recent[i].fused[label];
    }
    return ut_mean_of(sum, (int32_t)count);
}

void ut_listener_capture(ut_listener *listener, int16_t *ring, const int16_t *pcm, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        ring[listener->place] = pcm[i];
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
