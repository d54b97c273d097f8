/* Stages that only MLTK has: DC notch and activity detection. */
#include "stages.h"

void ut_notch(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t count) {
    int32_t before = state->notch_input, last = state->notch_output;
    for (size_t i = 0; i < count; ++i) {
        const int32_t kept = (((tables->dc_notch * last) >> 14) + 1) >> 1;
        last = (int16_t)(uint16_t)((uint32_t)(pcm[i] - before + kept) & 0xFFFFu);
        before = pcm[i];
        state->filtered[i] = (int16_t)last;
    }
    state->notch_input = (int16_t)before;
    state->notch_output = (int16_t)last;
}

static int32_t average(int32_t loudness, int32_t past, int32_t alpha) {
    const int64_t mix = (int64_t)(256 - alpha) * loudness + (int64_t)alpha * past;
    return (int32_t)(((mix >> 7) + 1) >> 1);
}

void ut_activity(const ut_tables *tables, ut_state *state, const uint32_t *signal) {
    uint32_t sum = 0;
    for (int32_t c = 0; c < tables->channels; ++c) {
        sum += signal[c];
    }
    const int32_t loudness = (int32_t)((sum >> tables->activity_shift) & 0x7FFFFFFFu);
    state->loudness_fast = average(loudness, state->loudness_fast, tables->activity_alpha_a);
    state->loudness_slow = average(loudness, state->loudness_slow, tables->activity_alpha_b);
    const int64_t slow = state->loudness_slow;
    if (!state->armed) {
        state->armed = state->loudness_fast < (slow * tables->activity_arm) >> 12;
    } else if (state->loudness_fast > (slow * tables->activity_trip) >> 12) {
        state->armed = 0;
        state->tripped = 1;
    }
}
