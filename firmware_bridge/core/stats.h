/* What is counted since the start, and what follows from a network that failed. */
#ifndef UNDERTONE_STATS_H
#define UNDERTONE_STATS_H

#include <stdint.h>

#include "port.h"

/* After a network failed: the host is told, and then the port restarts. */
typedef struct {
    int32_t wanted;
    int32_t told;
    uint32_t since_ms;
} ut_recovery;

typedef struct {
    uint32_t frames_good, frames_bad, replies_repeated, segments_scored, windows_scored, audio_gaps;
    uint32_t microphone_overruns;
    uint32_t features_cycles, scaling_cycles, network_cycles[UT_NETWORKS], fusion_cycles,
        longest_window_cycles;
} ut_stats;

#endif
