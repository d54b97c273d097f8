/* Mel channels and their amplitudes. */
#include "stages.h"

void ut_channels(const ut_tables *tables, ut_state *state, const uint8_t *shifts) {
    const lanes *energy = state->spectrum + tables->mel_start;
    const int16_t *weight = tables->mel_weights;
    const int16_t *unweight = tables->mel_unweights;
    int32_t bin = tables->mel_start;
    lanes_sum rising = lanes_sum_zero();
    /* The falling half of channel c lies in segment c + 1, its rising half in segment c. */
    for (int32_t segment = 0; segment <= tables->channels; ++segment) {
        lanes_sum falling = lanes_sum_zero(), next = lanes_sum_zero();
        for (; bin < tables->mel_ends[segment]; ++bin) {
            falling = lanes_sum_add(falling, *energy, *weight++);
            next = lanes_sum_add(next, *energy++, *unweight++);
        }
        if (segment > 0) {
            uint32_t roots[UT_LANES];
            lanes_roots(falling, rising, shifts, roots);
            for (int lane = 0; lane < UT_LANES; ++lane) {
                state->signal[lane][segment - 1] = roots[lane];
            }
        }
        rising = next;
    }
}
