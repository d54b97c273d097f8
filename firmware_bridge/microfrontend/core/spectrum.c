/* Fixed-point real FFT and energies, of UT_LANES frames at once. Arithmetic as in
 * firmware_bridge/microfrontend/fft.py. */
#include "stages.h"

enum { QUARTER = 8191, HALF = 16383 };

typedef struct {
    lanes a, b, c, d;
} four;

/* The four sums of a radix-4 butterfly; its legs are divided and turned already. */
static inline four butterfly(lanes a, lanes b, lanes c, lanes d) {
    const lanes sum = lanes_add(a, c), difference = lanes_subtract(a, c);
    const lanes odd = lanes_add(b, d), turn = lanes_subtract(b, d);
    four out;
    out.a = lanes_add(sum, odd);
    out.b = lanes_add_turned(difference, turn);
    out.c = lanes_subtract(sum, odd);
    out.d = lanes_subtract_turned(difference, turn);
    return out;
}

/* Innermost stage: reads the samples in their order. Its factors are 1, which Q15 leaves out exactly here,
 * because a divided value is at most 16384. */
static void first_stage(const ut_tables *t, ut_state *state, lanes shift) {
    const size_t n = (size_t)t->fft_size / 2, filled = ((size_t)t->window_size + 1) / 2;
    const lanes zero = {0};
    const int radix4 = (t->fft_size & 0x55555555) == 0; /* n is a power of four */
    const size_t radix = radix4 ? 4 : 2, leg = n / radix;
    for (size_t place = 0; place < n; place += radix) {
        const size_t at = t->order[place];
        const lanes *const x = state->samples + at;
        lanes *const out = state->spectrum + place;
        const lanes a = lanes_shift_up(x[0], shift);
        const lanes b = at + leg < filled ? lanes_shift_up(x[leg], shift) : zero;
        if (!radix4) {
            const lanes even = lanes_scale(a, HALF), odd = lanes_scale(b, HALF);
            out[0] = lanes_add(even, odd);
            out[1] = lanes_subtract(even, odd);
            continue;
        }
        const lanes c = at + 2 * leg < filled ? lanes_shift_up(x[2 * leg], shift) : zero;
        const lanes d = at + 3 * leg < filled ? lanes_shift_up(x[3 * leg], shift) : zero;
        const four y = butterfly(lanes_scale(a, QUARTER), lanes_scale(b, QUARTER), lanes_scale(c, QUARTER),
                                 lanes_scale(d, QUARTER));
        out[0] = y.a;
        out[1] = y.b;
        out[2] = y.c;
        out[3] = y.d;
    }
}

/* One radix-4 stage whose legs are `m` apart. */
static void stage(const ut_tables *t, lanes *spectrum, size_t m) {
    const size_t n = (size_t)t->fft_size / 2, stride = n / (4 * m);
    for (lanes *x = spectrum; x < spectrum + n; x += 4 * m) {
        const four y = butterfly(lanes_scale(x[0], QUARTER), lanes_scale(x[m], QUARTER),
                                 lanes_scale(x[2 * m], QUARTER), lanes_scale(x[3 * m], QUARTER));
        x[0] = y.a;
        x[m] = y.b;
        x[2 * m] = y.c;
        x[3 * m] = y.d;
    }
    for (size_t j = 1; j < m; ++j) {
        const int16_t *const root = t->twiddles + 2 * stride * j;
        const lanes_factor w1 = lanes_factor_of(lanes_word(root));
        const lanes_factor w2 = lanes_factor_of(lanes_word(root + 2 * stride * j));
        const lanes_factor w3 = lanes_factor_of(lanes_word(root + 4 * stride * j));
        for (lanes *x = spectrum + j; x < spectrum + n; x += 4 * m) {
            const lanes b = lanes_multiply(lanes_scale(x[m], QUARTER), w1);
            const lanes c = lanes_multiply(lanes_scale(x[2 * m], QUARTER), w2);
            const lanes d = lanes_multiply(lanes_scale(x[3 * m], QUARTER), w3);
            const four y = butterfly(lanes_scale(x[0], QUARTER), b, c, d);
            x[0] = y.a;
            x[m] = y.b;
            x[2 * m] = y.c;
            x[3 * m] = y.d;
        }
    }
}

/* From the complex spectrum to the energies of the real one, in place, bins 1 .. n - 1 (as far as used). */
static void split(const ut_tables *t, lanes *spectrum) {
    const size_t n = (size_t)t->fft_size / 2;
    const size_t first = (size_t)t->mel_start, end = (size_t)t->mel_ends[t->channels];
    for (size_t k = 1; k <= n / 2; ++k) {
        const int low_used = k >= first && k < end, high_used = n - k >= first && n - k < end;
        if (!low_used && !high_used) {
            continue;
        }
        const lanes a = lanes_scale(spectrum[k], HALF), b = lanes_scale(spectrum[n - k], HALF);
        const lanes sum = lanes_add(a, b), difference = lanes_subtract(a, b);
        const lanes_factor w = lanes_factor_of(lanes_word(t->split_twiddles + 2 * (k - 1)));
        const lanes even = lanes_pick(sum, difference);
        const lanes odd = lanes_multiply(lanes_pick(difference, sum), w);
        spectrum[k] = lanes_energy(lanes_half_sum(even, odd));
        /* The mirrored bin is (even - odd) / 2 with its imaginary part negated before it is rounded down. */
        const lanes mirrored = lanes_pick(lanes_half_difference(even, odd), lanes_half_difference(odd, even));
        spectrum[n - k] = lanes_energy(mirrored);
    }
}

void ut_spectrum(const ut_tables *tables, ut_state *state, const uint8_t *shifts) {
    const size_t n = (size_t)tables->fft_size / 2;
    first_stage(tables, state, lanes_shift_factor(shifts));
    for (size_t m = (tables->fft_size & 0x55555555) == 0 ? 4 : 2; m < n; m *= 4) {
        stage(tables, state->spectrum, m);
    }
    split(tables, state->spectrum);
}
