/* The device: one struct of parts that do not know each other. The caller owns its memory. */
#ifndef UNDERTONE_STATE_H
#define UNDERTONE_STATE_H

#include <stdint.h>

#include "framing.h"
#include "image.h"
#include "listener.h"
#include "port.h"
#include "protocol.h"
#include "replies.h"
#include "scorer.h"
#include "segment.h"
#include "setup.h"
#include "stats.h"
#include "update.h"

typedef struct ut_device {
    const ut_port *port;
    const ut_build *build;
    const ut_memory *memory;
    uint32_t session;
    int32_t greeted; /* a session was named */
    int32_t slot;    /* the enabled slot; -1: none */
    ut_image image;  /* what it holds, where slot >= 0 */
    ut_decoder decoder;
    ut_replies replies;
    ut_scorer scorer;
    ut_segment segment;
    ut_listener listener;
    ut_update update;
    ut_stats stats;
    ut_recovery recovery;
} ut_device;

#endif
