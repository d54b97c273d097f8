/* Streams: from samples in any portions to frames. */
#include "microfrontend.h"

#include "stages.h"

/* Copy samples downwards or between buffers: string.h is not there on every chip. */
static void copy(int16_t *to, const int16_t *from, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        to[i] = from[i];
    }
}

/* Window a frame into state->windowed; return the shift that brings its loudest sample to the top bit. */
static uint8_t window_frame(const ut_tables *t, ut_state *state, const int16_t *pcm) {
    const int16_t *const window = t->window;
    int16_t *const windowed = state->windowed;
    uint32_t loudest = 0;
    for (int32_t i = 0; i < t->window_size; ++i) {
        const int32_t value = (pcm[i] * window[i]) >> 12;
        windowed[i] = (int16_t)value;
        /* -32768 does not count as loud: its magnitude wraps in the stock library. */
        loudest |= (uint32_t)(value < 0 ? -value : value) & 0x7FFFu;
    }
    uint8_t shift = 15;
    while (loudest != 0) {
        loudest >>= 1;
        --shift;
    }
    return shift;
}

/* Compute `count` frames (at most UT_LANES) that start `step` apart. */
static void compute(const ut_tables *t, ut_state *state, const int16_t *pcm, size_t count, uint16_t *out) {
    const size_t pairs = ((size_t)t->window_size + 1) / 2;
    uint8_t shifts[UT_LANES];
    uint32_t *const samples = (uint32_t *)state->samples;
    for (size_t lane = 0; lane < UT_LANES; ++lane) {
        /* Lanes without a frame repeat the last one; their results are dropped. */
        const size_t frame = lane < count ? lane : count - 1;
        shifts[lane] = window_frame(t, state, pcm + frame * (size_t)t->step);
        state->windowed[t->window_size] = 0;
        for (size_t i = 0; i < pairs; ++i) {
            samples[i * UT_LANES + lane] = lanes_word(state->windowed + 2 * i);
        }
    }
    ut_spectrum(t, state, shifts);
    ut_channels(t, state, shifts);
    for (size_t frame = 0; frame < count; ++frame) {
        if (t->activity_shift >= 0) {
            ut_activity(t, state, state->signal[frame]);
        }
        ut_levels(t, state->noise_estimate, state->signal[frame], out + frame * (size_t)t->channels);
    }
}

static void compute_all(const ut_tables *t, ut_state *state, const int16_t *pcm, size_t count,
                        uint16_t *out) {
    while (count > 0) {
        const size_t now = count < UT_LANES ? count : UT_LANES;
        compute(t, state, pcm, now, out);
        pcm += now * (size_t)t->step;
        out += now * (size_t)t->channels;
        count -= now;
    }
}

static size_t frames_in(const ut_tables *t, size_t samples) {
    const size_t window = (size_t)t->window_size;
    return samples < window ? 0 : (samples - window) / (size_t)t->step + 1;
}

void ut_reset(ut_state *state) {
    state->pending_count = 0;
    state->notch_input = 0;
    state->notch_output = 0;
    state->loudness_fast = 0;
    state->loudness_slow = 0;
    state->armed = 0;
    state->tripped = 0;
    for (size_t c = 0; c < UT_MAX_CHANNELS; ++c) {
        state->noise_estimate[c] = 0;
    }
}

size_t ut_frames_ready(const ut_tables *tables, const ut_state *state, size_t samples) {
    return frames_in(tables, (size_t)state->pending_count + samples);
}

static size_t push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples,
                   uint16_t *out) {
    const size_t window = (size_t)tables->window_size, step = (size_t)tables->step;
    size_t pending = (size_t)state->pending_count, done = 0;
    if (pending > 0) {
        /* Frames that start in the old samples: join as many new ones as they can need. */
        const size_t joined = samples < window ? samples : window;
        copy(state->pending + pending, pcm, joined);
        const size_t held = pending + joined, starts = (pending + step - 1) / step;
        const size_t ready = frames_in(tables, held);
        done = ready < starts ? ready : starts;
        compute_all(tables, state, state->pending, done, out);
        const size_t used = done * step;
        if (used < pending) {
            /* Only where the new samples ran out: keep all that is left. */
            copy(state->pending, state->pending + used, held - used);
            state->pending_count = (int32_t)(held - used);
            return done;
        }
        pcm += used - pending;
        samples -= used - pending;
    }
    const size_t rest = frames_in(tables, samples);
    compute_all(tables, state, pcm, rest, out + done * (size_t)tables->channels);
    pcm += rest * step;
    pending = samples - rest * step;
    copy(state->pending, pcm, pending);
    state->pending_count = (int32_t)pending;
    return done + rest;
}

size_t ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples, uint16_t *out) {
    if (tables->dc_notch < 0) {
        return push(tables, state, pcm, samples, out);
    }
    size_t frames = 0;
    while (samples > 0) {
        const size_t now = samples < UT_MAX_WINDOW ? samples : UT_MAX_WINDOW;
        ut_notch(tables, state, pcm, now);
        frames += push(tables, state, state->filtered, now, out + frames * (size_t)tables->channels);
        pcm += now;
        samples -= now;
    }
    return frames;
}

int32_t ut_activity_detected(ut_state *state) {
    const int32_t tripped = state->tripped;
    state->tripped = 0;
    return tripped;
}

void ut_batch(const ut_tables *tables, ut_state *state, const int16_t *const *pcm, const size_t *samples,
              uint16_t *const *out, size_t clips) {
    for (size_t clip = 0; clip < clips; ++clip) {
        ut_reset(state);
        (void)ut_push(tables, state, pcm[clip], samples[clip], out[clip]);
    }
}

size_t ut_state_bytes(void) { return sizeof(ut_state); }
int32_t ut_lanes(void) { return UT_LANES; }
