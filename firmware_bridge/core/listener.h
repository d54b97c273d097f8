/* The microphone: live scores, or raw samples for re-recording. The host asks for both; nothing is pushed. */
#ifndef UNDERTONE_LISTENER_H
#define UNDERTONE_LISTENER_H

#include <stdint.h>

#include "protocol.h"
#include "scorer.h"

typedef struct {
    uint8_t mode; /* of ut_listen_mode */
    uint32_t lost_samples;
    uint32_t captured; /* samples since `listen`; the newest UT_CAPTURE_SAMPLES of them are held */
    ut_scores recent[UT_SMOOTHED_WINDOWS];
} ut_listener;

#endif
