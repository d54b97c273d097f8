/* The four int8 scalings, in integers. */
#include "scaling.h"

static int8_t stored(int64_t steps) {
    const int64_t clipped = steps < 0 ? 0 : (steps > 255 ? 255 : steps);
    return (int8_t)(clipped - 128);
}

static void scale_by_extremes(const ut_scaling *s, const uint16_t *features, size_t count, int8_t *out) {
    int32_t low = 0xFFFF, high = 0;
    for (size_t i = 0; i < count; ++i) {
        low = features[i] < low ? features[i] : low;
        high = features[i] > high ? features[i] : high;
    }
    if (s->kind == UT_SCALE_DYNAMIC) {
        const int32_t floor = high > s->span ? high - s->span : 0;
        const int32_t contrast = high > floor ? high - floor : 1;
        for (size_t i = 0; i < count; ++i) {
            /* Division rounds towards zero; what lies below the floor is clipped all the same. */
            out[i] = stored(255 * (features[i] - floor) / contrast);
        }
        return;
    }
    const int32_t contrast = high - low;
    for (size_t i = 0; i < count; ++i) {
        out[i] = contrast > 0 ? stored((510 * (features[i] - low) + contrast) / (2 * contrast)) : 0;
    }
}

void ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out) {
    if (scaling->kind == UT_SCALE_RANGE || scaling->kind == UT_SCALE_DYNAMIC) {
        scale_by_extremes(scaling, features, count, out);
        return;
    }
    const int64_t half = scaling->kind == UT_SCALE_FIXED ? (int64_t)1 << (scaling->shift - 1) : scaling->span / 2;
    for (size_t i = 0; i < count; ++i) {
        const int64_t above = (int64_t)features[i] - scaling->offset;
        out[i] = scaling->kind == UT_SCALE_FIXED ? stored((above * scaling->multiplier + half) >> scaling->shift)
                                                 : stored((above * 256 + half) / scaling->span);
    }
}
