/* The microphone: live scores, or raw samples for re-recording. The host asks for both; nothing is pushed. */
#ifndef UNDERTONE_LISTENER_H
#define UNDERTONE_LISTENER_H

#include <stdint.h>

#include "protocol.h"
#include "scorer.h"

/* Counts of samples wrap; only their differences are used. */
typedef struct {
    uint8_t mode; /* of ut_listen_mode */
    uint32_t lost_samples;
    uint32_t captured; /* samples since `listen` */
    uint32_t held;     /* the newest of them, at most UT_CAPTURE_SAMPLES */
    uint32_t place;    /* in the ring, of the next sample */
    uint32_t settled;  /* all before this sample was fetched by the host, or counted as lost */
    ut_scores recent[UT_SMOOTHED_WINDOWS];
} ut_listener;

struct ut_device;

/* Turn the microphone off. */
void ut_listener_stop(struct ut_device *device);

#endif
