/* Noise reduction, PCAN and logarithm of one frame's amplitudes. Unsigned 32-bit arithmetic wraps on purpose. */
#include "stages.h"

enum { NOISE_ONE = 1 << 14, PCAN_SNR_BITS = 12, PCAN_OUTPUT_BITS = 6, LN2_Q16 = 45426 };

static inline uint32_t bit_length(uint32_t value) { return 32u - (uint32_t)__builtin_clz(value | 1u); }

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

/* Gain for a noise estimate: a parabola within its power of two. */
static inline uint32_t gain_of(const int16_t *table, uint32_t estimate) {
    if (estimate <= 2) {
        return (uint32_t)table[estimate];
    }
    const uint32_t interval = bit_length(estimate);
    const int16_t *const piece = table + 4 * interval - 6;
    const uint32_t aligned = estimate << (32u - interval); /* top bit at 31; ten bits of fraction follow */
    const int32_t fraction = (int32_t)((aligned >> 21) & 0x3FFu);
    const int32_t slope = ((piece[2] * fraction) >> 5) + piece[1] * 32;
    /* Beside a saturated piece the parabola overshoots; 16 bits wrap, as in the stock library. */
    const int32_t curve = (int32_t)((uint32_t)slope * (uint32_t)fraction + (1u << 14)) >> 15;
    return (uint32_t)(int16_t)(curve + piece[0]);
}

static void normalise(const ut_tables *t, const uint32_t *restrict estimates, uint32_t *restrict signal) {
    for (int32_t c = 0; c < t->channels; ++c) {
        const uint32_t gain = gain_of(t->pcan_gain, estimates[c]);
        const uint32_t snr = (uint32_t)(((uint64_t)signal[c] * gain) >> t->pcan_snr_shift);
        signal[c] = snr < (2u << PCAN_SNR_BITS)
                        ? (snr * snr) >> (2 + 2 * PCAN_SNR_BITS - PCAN_OUTPUT_BITS)
                        : (snr >> (PCAN_SNR_BITS - PCAN_OUTPUT_BITS)) - (1u << PCAN_OUTPUT_BITS);
    }
}

/* 2^shift ln(value), value > 1. The slope term is shifted by 16 where 9 would interpolate: as in the stock. */
static inline uint32_t logarithm(const uint16_t *table, uint32_t value, uint32_t shift) {
    const uint32_t integer = bit_length(value) - 1u;
    const uint32_t fraction = ((value << (31u - integer)) & 0x7FFFFFFFu) >> 15;
    const uint32_t segment = fraction >> 9;
    const int32_t low = table[segment], rise = table[segment + 1] - low;
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
    for (int32_t c = 0; c < t->channels; ++c) {
        const uint32_t value = (signal[c] << left) >> right;
        const uint32_t scaled = logarithm(t->log_table, value, shift);
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
