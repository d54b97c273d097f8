/* What the front-end works with: constants that are made on the host, and everything that a stream remembers.
 */
#ifndef UNDERTONE_STREAM_H
#define UNDERTONE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "lanes.h"

#ifndef UT_MAX_WINDOW
#define UT_MAX_WINDOW 4096
#endif
#ifndef UT_MAX_CHANNELS
#define UT_MAX_CHANNELS 256
#endif

/* Constants of a front-end. Lengths are in elements; pairs are (real, imaginary). */
typedef struct {
    int32_t window_size;
    int32_t step;
    int32_t fft_size; /* power of two, window_size <= fft_size <= UT_MAX_WINDOW */
    int32_t channels;
    int32_t mel_start;
    int32_t correction_bits;
    int32_t log_shift;      /* negative: no logarithm */
    int32_t noise_bits;     /* negative: no noise reduction */
    int32_t even_smoothing; /* Q14 */
    int32_t odd_smoothing;
    int32_t min_remaining;
    int32_t pcan_snr_shift;        /* negative: no PCAN */
    int32_t dc_notch;              /* Q15; negative: none */
    int32_t activity_shift;        /* negative: no activity detection */
    int32_t activity_alpha_a;      /* Q8, fast average */
    int32_t activity_alpha_b;      /* Q8, slow average */
    int32_t activity_arm;          /* Q12 */
    int32_t activity_trip;         /* Q12 */
    const int16_t *window;         /* [window_size] Q12 */
    const uint16_t *order;         /* [fft_size / 2] which sample pair goes to which place */
    const int16_t *twiddles;       /* [fft_size / 2][2] Q15 */
    const int16_t *split_twiddles; /* [fft_size / 4][2] Q15 */
    const int16_t *mel_ends;       /* [channels + 1] */
    const int16_t *mel_weights;    /* [mel_ends[channels] - mel_start] Q12 */
    const int16_t *mel_unweights;  /* the same length */
    const uint32_t *pcan_pieces;   /* [33][2] by bit length: gain at the start | slope << 16, curvature */
    const uint32_t *log_pieces;    /* [128] by segment: error of log2(1 + x) = x | its rise << 16 */
} ut_tables;

/* Everything that a stream remembers, and its working memory. */
typedef struct {
    lanes spectrum[UT_MAX_WINDOW / 2];
    lanes samples[UT_MAX_WINDOW / 2];
    int16_t windowed[UT_MAX_WINDOW + 2];
    int16_t pending[2 * UT_MAX_WINDOW];
    int32_t pending_count;
    int16_t filtered[UT_MAX_WINDOW];
    int16_t notch_input, notch_output;
    int32_t loudness_fast, loudness_slow;
    int32_t armed, tripped;
    uint32_t noise_estimate[UT_MAX_CHANNELS];
    uint32_t signal[UT_LANES][UT_MAX_CHANNELS];
} ut_state;

#endif
