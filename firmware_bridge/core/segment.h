/* The segment that the host sends: in order, counted, its checksum kept, scored as it comes. */
#ifndef UNDERTONE_SEGMENT_H
#define UNDERTONE_SEGMENT_H

#include <stdint.h>

#include "protocol.h"

typedef struct {
    int32_t begun;
    uint32_t number;
    uint32_t samples; /* announced */
    uint32_t received;
    uint32_t unacknowledged; /* chunks since the last ack */
    uint32_t checksum;       /* CRC-32 of what was received */
    int32_t ended;           /* the result below is the answer to every further `end` */
    struct ut_msg_result result;
} ut_segment;

/* Forget the segment. */
void ut_segment_clear(ut_segment *segment);

#endif
