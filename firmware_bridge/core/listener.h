/* The microphone: live scores, or raw samples for re-recording. The host asks for both; nothing is pushed. */
#ifndef UNDERTONE_LISTENER_H
#define UNDERTONE_LISTENER_H

#include <stdint.h>

#include "port.h"
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

/* Turn the microphone off. */
void ut_listener_stop(ut_listener *listener, const ut_port *port);

/* Turn it on, in a mode of ut_listen_mode other than off; counts begin anew. */
void ut_listener_start(ut_listener *listener, const ut_port *port, uint8_t mode);

/* A window's scores (a ut_window_sink): the newest ones are kept. `listener`: a ut_listener. */
void ut_listener_take(void *listener, const ut_scores *scores, uint32_t window);

/* The mean of a label's newest fused scores, of so many windows since the start. */
int8_t ut_listener_smoothed(const ut_listener *listener, uint32_t windows, uint32_t label);

/* Put samples into the ring, over the oldest ones; count those that the host had not fetched. */
void ut_listener_capture(ut_listener *listener, int16_t *ring, const int16_t *pcm, uint32_t count);

#endif
