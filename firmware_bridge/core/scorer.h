/* Audio in, scores out, incrementally: each sample is worked on once, however long the window is.
 *
 * One stream of features runs from the start; a window is a slice of it. When a window's last sample is
 * there: scaling -> acoustic and keyword network -> fusion -> sums. */
#ifndef UNDERTONE_SCORER_H
#define UNDERTONE_SCORER_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "microfrontend.h"
#include "port.h"
#include "setup.h"
#include "stats.h"
#include "ut_config.h"

#define UT_MOST_SCORES 64u

/* Scores of one window, or the mean of several. */
typedef struct {
    int8_t acoustic[UT_MOST_SCORES];
    int8_t keyword[UT_MOST_SCORES];
    int8_t fused[UT_MOST_SCORES];
} ut_scores;

typedef struct {
    uint32_t features, tail, scaling, network[UT_NETWORKS], fusion;
} ut_cycles;

/* Where the scores of a window go: called for each that was scored, with its number since the start. */
typedef struct {
    void (*take)(void *context, const ut_scores *scores, uint32_t window);
    void *context;
} ut_window_sink;

typedef struct {
    const ut_port *port;
    const ut_tables *frontend;
    const ut_memory *memory;
    const ut_image *image; /* whose networks score; it may change between two streams */
    ut_stats *stats;
    ut_recovery *recovery;
    ut_window_sink sink; /* of a stream without end; null: a segment, whose scores are summed up */
    ut_state stream;
    uint32_t samples; /* taken since the store's first frame began */
    uint32_t frames;  /* in the store */
    uint32_t next;    /* first frame of the next window, counted in the store */
    uint32_t windows; /* complete since the start */
    int32_t
        failed; /* a network refused: the scores of the segment, or of the last window, are worth nothing */
    ut_scores latest;
    int32_t sum_acoustic[UT_MOST_SCORES], sum_keyword[UT_MOST_SCORES], sum_fused[UT_MOST_SCORES];
    ut_cycles cycles;
} ut_scorer;

/* Say once what a scorer works with. */
void ut_scorer_init(ut_scorer *scorer, const ut_port *port, const ut_tables *frontend,
                    const ut_memory *memory, const ut_image *image, ut_stats *stats, ut_recovery *recovery);

/* Begin a new stream. With a sink it may go on for ever: frames that no window needs any more make room for
 * new ones. Without one it is a segment, which is never longer than the store. */
void ut_scorer_start(ut_scorer *scorer, const ut_window_sink *sink);

/* Take samples; score the windows that they complete. */
void ut_scorer_push(ut_scorer *scorer, const int16_t *pcm, size_t samples);

/* Pad with zeros until the first window is complete, where it is not. */
void ut_scorer_pad(ut_scorer *scorer);

/* The mean over all windows, rounded half up: floor((2 sum + n) / 2n). */
void ut_scorer_mean(const ut_scorer *scorer, ut_scores *mean);

/* floor((2 sum + n) / 2n) for n > 0, whatever the sign of the sum. */
int8_t ut_mean_of(int32_t sum, int32_t n);

#endif
