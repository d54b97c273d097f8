/* The micro-frontend: int16 audio in, uint16 features out. Integers only, no allocation, no globals.
 *
 * The caller owns the tables (constants made on the host) and the state. One state is one stream.
 */
#ifndef UNDERTONE_MICROFRONTEND_H
#define UNDERTONE_MICROFRONTEND_H

#include <stddef.h>
#include <stdint.h>

#include "stream.h"

/* Return 0 if the tables hang together and fit this build, else the number of the first bad field. */
int32_t ut_check(const ut_tables *tables);

/* Forget everything heard so far. */
void ut_reset(ut_state *state);

/* Return how many frames `ut_push` would complete with so many more samples. */
size_t ut_frames_ready(const ut_tables *tables, const ut_state *state, size_t samples);

/* Take samples; write the frames that they complete to `out`, [frames][channels]. Return their number. */
size_t ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples, uint16_t *out);

/* Return whether the activity detector tripped since this was last asked. */
int32_t ut_activity_detected(ut_state *state);

/* Whole clips, each from a fresh state: clip i is pcm[i], its samples[i]; its frames go to out[i]. */
void ut_batch(const ut_tables *tables, ut_state *state, const int16_t *const *pcm, const size_t *samples,
              uint16_t *const *out, size_t clips);

/* Bytes of a state, and frames computed side by side, in this build. */
size_t ut_state_bytes(void);
int32_t ut_lanes(void);

#endif
