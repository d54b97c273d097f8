/* Noise reduction, PCAN and logarithm of one frame's amplitudes. Unsigned 32-bit arithmetic wraps on purpose.
 */
#include "stages.h"

enum { NOISE_ONE = 1 << 14, PCAN_SNR_BITS = 12, PCAN_OUTPUT_BITS = 6, LN2_Q16 = 45426 };

/* Number of bits of a value that is not 0. */
static inline uint32_t bit_length(uint32_t value) {
#if UT_VECTOR_BYTES
    /* By way of a float's exponent: compilers do that for many values at once, and counting zeros they do
     * not. Of long values the low bits go, or rounding could reach the next power of two. */
    union {
        float value;
        uint32_t bits;
    } number;
    number.value = (float)(value & ~((value >> 24) != 0 ? 0xFFu : 0u));
    return (number.bits >> 23) - 126u;
#else
    return 32u - (uint32_t)__builtin_clz(value);
#endif
}

static void reduce_noise(const ut_tables *t, uint32_t *restrict estimates, uint32_t *restrict signal) {
    const uint32_t even = (uint32_t)t->even_smoothing, odd = (uint32_t)t->odd_smoothing;
    const uint32_t remaining = (uint32_t)t->min_remaining, bits = (uint32_t)t->noise_bits;
    for (int32_t c = 0; c < t->channels; ++c) {
        const uint32_t smoothing = (c & 1) ? odd : even;
        const uint32_t scaled = signal[c] << bits;
        const uint64_t mix =
            (uint64_t)scaled * smoothing + (uint64_t)estimates[c] * ((uint32_t)NOISE_ONE - smoothing);
        const uint32_t estimate = (uint32_t)(mix >> 14);
        const uint32_t above = (scaled - (estimate < scaled ? estimate : scaled)) >> bits;
        const uint32_t floor = (uint32_t)(((uint64_t)signal[c] * remaining) >> 14);
        estimates[c] = estimate;
        signal[c] = above > floor ? above : floor;
    }
}

/* Gain for a noise estimate: a parabola within its power of two. `pieces` holds a pair for each bit length,
 * start | slope << 16 and curvature; that of the length 0 is the gain of the estimate 0. */
static inline int16_t gain_of(const uint32_t *pieces, uint32_t estimate) {
    const uint32_t interval = bit_length(estimate | 1u) - (estimate == 0);
    const uint32_t aligned = estimate
                             << ((32u - interval) & 31u); /* top bit at 31; ten bits of fraction follow */
    const int32_t fraction = (int32_t)((aligned >> 21) & 0x3FFu);
    const uint32_t piece = pieces[(int32_t)(2 * interval)];
    const int32_t bend = (int16_t)(uint16_t)(pieces[(int32_t)(2 * interval + 1)] & 0xFFFFu);
    const int32_t start = (int16_t)(uint16_t)(piece & 0xFFFFu), incline = (int32_t)piece >> 16;
    const int32_t slope = ((bend * fraction) >> 5) + incline * 32;
    const int32_t curve = (int32_t)((uint32_t)slope * (uint32_t)fraction + (1u << 14)) >> 15;
    /* Beside a saturated piece the parabola overshoots; 16 bits wrap, as in the stock library. */
    return (int16_t)(uint16_t)((uint32_t)(curve + start) & 0xFFFFu);
}

static void normalise(const ut_tables *t, const uint32_t *restrict estimates, uint32_t *restrict signal) {
    const uint32_t *const pieces = t->pcan_pieces;
    const uint32_t shift = (uint32_t)t->pcan_snr_shift;
    int16_t gains[UT_MAX_CHANNELS]; /* by themselves: their type tells the compiler that no table changes */
    for (int32_t c = 0; c < t->channels; ++c) {
        gains[c] = gain_of(pieces, estimates[c]);
    }
    for (int32_t c = 0; c < t->channels; ++c) {
        const uint32_t gain = (uint32_t)gains[c];
        const uint32_t snr = (uint32_t)(((uint64_t)signal[c] * gain) >> shift);
        const uint32_t square = (snr * snr) >> (2 + 2 * PCAN_SNR_BITS - PCAN_OUTPUT_BITS);
        const uint32_t line = (snr >> (PCAN_SNR_BITS - PCAN_OUTPUT_BITS)) - (1u << PCAN_OUTPUT_BITS);
        signal[c] = snr < (2u << PCAN_SNR_BITS) ? square : line;
    }
}

/* 2^shift ln(value), value > 1. The slope term is shifted by 16 where 9 would interpolate: as in the stock.
 */
static inline uint32_t logarithm(const uint32_t *pieces, uint32_t value, uint32_t shift) {
    const uint32_t integer = bit_length(value | 1u) - 1u;
    const uint32_t fraction = ((value << (31u - integer)) & 0x7FFFFFFFu) >> 15;
    const uint32_t piece = pieces[(int32_t)(fraction >> 9)];
    const int32_t low = (int32_t)(piece & 0xFFFFu), rise = (int32_t)piece >> 16;
    const int32_t error = low + ((rise * (int32_t)(fraction & 0x1FFu)) >> 16);
    /* The product with ln 2 in two halves keeps to 32 bits: whole powers of two, and the rest. */
    const uint32_t log2 = fraction + (uint32_t)error;
    const uint32_t whole = integer + (log2 >> 16), rest = log2 & 0xFFFFu;
    const uint32_t natural = whole * LN2_Q16 + ((rest * LN2_Q16 + (1u << 15)) >> 16);
    return ((natural << shift) + (1u << 15)) >> 16;
}

static void take_logarithm(const ut_tables *t, const uint32_t *restrict signal, uint16_t *restrict out) {
    const uint32_t left = t->correction_bits > 0 ? (uint32_t)t->correction_bits : 0u;
    const uint32_t right = t->correction_bits < 0 ? (uint32_t)-t->correction_bits : 0u;
    const uint32_t shift = (uint32_t)t->log_shift;
    const uint32_t *const pieces = t->log_pieces;
    for (int32_t c = 0; c < t->channels; ++c) {
        const uint32_t value = (signal[c] << left) >> right;
        const uint32_t scaled = logarithm(pieces, value, shift);
        const uint32_t kept = value > 1u ? scaled : 0u;
        out[c] = (uint16_t)(kept < 0xFFFFu ? kept : 0xFFFFu);
    }
}

void ut_levels(const ut_tables *tables, uint32_t *noise_estimate, uint32_t *signal, uint16_t *out) {
    if (tables->noise_bits >= 0) {
        reduce_noise(tables, noise_estimate, signal);
        if (tables->pcan_snr_shift >= 0) {
            normalise(tables, noise_estimate, signal);
        }
    }
    if (tables->log_shift >= 0) {
        take_logarithm(tables, signal, out);
        return;
    }
    for (int32_t c = 0; c < tables->channels; ++c) {
        out[c] = (uint16_t)(signal[c] < 0xFFFFu ? signal[c] : 0xFFFFu);
    }
}
