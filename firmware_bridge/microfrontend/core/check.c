/* Are these tables what they claim to be? The core itself trusts them. */
#include "microfrontend.h"

enum { MAX_BITS = 16, GAIN_BITS = 31, LOG_SHIFT = 11 };

static int32_t bad_sizes(const ut_tables *t) {
    const int32_t fft = t->fft_size;
    if (fft < 32 || fft > UT_MAX_WINDOW || (fft & (fft - 1)) != 0) {
        return 1;
    }
    if (t->window_size > fft || t->window_size <= fft / 2) {
        return 2;
    }
    if (t->step < 1 || t->step > t->window_size) {
        return 3;
    }
    return (t->channels < 1 || t->channels > UT_MAX_CHANNELS) ? 4 : 0;
}

static int32_t bad_bins(const ut_tables *t) {
    int32_t previous = t->mel_start;
    if (previous < 1) {
        return 5;
    }
    for (int32_t segment = 0; segment <= t->channels; ++segment) {
        if (t->mel_ends[segment] < previous || t->mel_ends[segment] > t->fft_size / 2) {
            return 6;
        }
        previous = t->mel_ends[segment];
    }
    for (int32_t place = 0; place < t->fft_size / 2; ++place) {
        if (t->order[place] >= t->fft_size / 2) {
            return 7;
        }
    }
    for (int32_t i = 0; i < t->fft_size; ++i) {
        const int split_used = i < t->fft_size / 2;
        if (t->twiddles[i] == -32768 || (split_used && t->split_twiddles[i] == -32768)) {
            return 15; /* a product of two of them would leave 32 bits */
        }
    }
    for (int32_t bin = 0; bin < previous - t->mel_start; ++bin) {
        if (t->mel_weights[bin] < 0 || t->mel_unweights[bin] < 0) {
            return 8;
        }
    }
    return 0;
}

static int32_t bad_levels(const ut_tables *t) {
    if (t->noise_bits > MAX_BITS || t->even_smoothing < 0 || t->even_smoothing > 1 << 14 ||
        t->odd_smoothing < 0 || t->odd_smoothing > 1 << 14 || t->min_remaining < 0 ||
        t->min_remaining > 1 << 14) {
        return 9;
    }
    if (t->pcan_snr_shift > GAIN_BITS) {
        return 10;
    }
    if (t->correction_bits < -MAX_BITS || t->correction_bits > MAX_BITS) {
        return 11;
    }
    if (t->dc_notch > 0x7FFF) {
        return 12;
    }
    if (t->activity_shift > MAX_BITS || t->activity_alpha_a < 0 || t->activity_alpha_a > 256 ||
        t->activity_alpha_b < 0 || t->activity_alpha_b > 256 || t->activity_arm < 0 ||
        t->activity_arm > 0x7FFF || t->activity_trip < 0 || t->activity_trip > 0x7FFF) {
        return 13;
    }
    return t->log_shift > LOG_SHIFT ? 14 : 0;
}

int32_t ut_check(const ut_tables *tables) {
    int32_t bad = bad_sizes(tables);
    if (bad == 0) {
        bad = bad_bins(tables);
    }
    return bad != 0 ? bad : bad_levels(tables);
}
