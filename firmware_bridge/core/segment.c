/* The segment that the host sends. */
#include "segment.h"

void ut_segment_clear(ut_segment *segment) {
    segment->begun = segment->ended = 0;
    segment->number = segment->samples = segment->received = segment->unacknowledged = segment->checksum = 0;
}
