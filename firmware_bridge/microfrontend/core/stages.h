/* The stages between audio and features, for those who assemble them. */
#ifndef UNDERTONE_STAGES_H
#define UNDERTONE_STAGES_H

#include "stream.h"

/* Spectrum energies of UT_LANES frames: state->samples (windowed, in natural order) to state->spectrum,
 * whose word k of the used bins becomes the energy of bin k. `shifts` shift each frame up first. */
void ut_spectrum(const ut_tables *tables, ut_state *state, const uint8_t *shifts);

/* Amplitudes of all channels and frames: state->spectrum to state->signal. */
void ut_channels(const ut_tables *tables, ut_state *state, const uint8_t *shifts);

/* Take the DC out of samples: pcm[count] to state->filtered. */
void ut_notch(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t count);

/* Feed one frame's amplitudes to the activity detector. */
void ut_activity(const ut_tables *tables, ut_state *state, const uint32_t *signal);

/* Noise reduction, PCAN and logarithm of one frame: signal[channels] to out[channels]. */
void ut_levels(const ut_tables *tables, uint32_t *noise_estimate, uint32_t *signal, uint16_t *out);

#endif
