/* From features to the int8 input of a network. Formulas: firmware_bridge/microfrontend/scaling.py. */
#ifndef UNDERTONE_SCALING_H
#define UNDERTONE_SCALING_H

#include <stddef.h>
#include <stdint.h>

enum { UT_SCALE_FIXED = 0, UT_SCALE_RANGE = 1, UT_SCALE_SPAN = 2, UT_SCALE_DYNAMIC = 3 };

typedef struct {
    int32_t kind;
    int32_t offset;     /* 0..65535 */
    int32_t multiplier; /* 1..32767 */
    int32_t shift;      /* 1..30 */
    int32_t span;       /* 1..65535 */
} ut_scaling;

/* Scale one window of `count` features. */
void ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out);

#endif
