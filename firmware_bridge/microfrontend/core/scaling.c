/* The four int8 scalings, in integers. */
#include "scaling.h"

static int8_t stored(int64_t steps) {
    const int64_t clipped = steps < 0 ? 0 : (steps > 255 ? 255 : steps);
    return (int8_t)(clipped - 128);
}

/* A division for each value that occurs, and not for each feature: on a log scale features lie closer
 * together than this. */
enum { TABLE_STEPS = 1024 };

/* The step of a feature that lies `above` the window's reference, where the loudest lies `contrast` above it.
 */
static int8_t scaled(int32_t kind, int32_t above, int32_t contrast) {
    if (kind == UT_SCALE_DYNAMIC) {
        /* Division rounds towards zero; what lies below the reference is clipped all the same. */
        return stored(255 * above / contrast);
    }
    return stored((510 * above + contrast) / (2 * contrast));
}

static void scale_by_extremes(const ut_scaling *s, const uint16_t *features, size_t count, int8_t *out) {
    int8_t table[TABLE_STEPS] = {0};
    int32_t low = 0xFFFF, high = 0;
    for (size_t i = 0; i < count; ++i) {
        low = features[i] < low ? features[i] : low;
        high = features[i] > high ? features[i] : high;
    }
    const int32_t dynamic = s->kind == UT_SCALE_DYNAMIC;
    const int32_t reference = dynamic ? (high > s->span ? high - s->span : 0) : low;
    const int32_t least = dynamic ? 1 : 0;
    const int32_t contrast = high - reference > least ? high - reference : least;
    if (contrast == 0) {
        for (size_t i = 0; i < count; ++i) {
            out[i] = 0;
        }
    } else if (high - low < (int32_t)sizeof table) {
        for (int32_t value = low; value <= high; ++value) {
            table[value - low] = scaled(s->kind, value - reference, contrast);
        }
        for (size_t i = 0; i < count; ++i) {
            out[i] = table[features[i] - low];
        }
    } else {
        for (size_t i = 0; i < count; ++i) {
            out[i] = scaled(s->kind, features[i] - reference, contrast);
        }
    }
}

void ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out) {
    if (scaling->kind == UT_SCALE_RANGE || scaling->kind == UT_SCALE_DYNAMIC) {
        scale_by_extremes(scaling, features, count, out);
        return;
    }
    const int64_t half =
        scaling->kind == UT_SCALE_FIXED ? (int64_t)1 << (scaling->shift - 1) : scaling->span / 2;
    for (size_t i = 0; i < count; ++i) {
        const int64_t above = (int64_t)features[i] - scaling->offset;
        out[i] = scaling->kind == UT_SCALE_FIXED
                     ? stored((above * scaling->multiplier + half) >> scaling->shift)
                     : stored((above * 256 + half) / scaling->span);
    }
}
