/* One linear layer over both score vectors, in 32-bit integers. */
#include "fusion.h"

static int8_t saturated(int32_t value) { return (int8_t)(value < -128 ? -128 : (value > 127 ? 127 : value)); }

void ut_fuse(const ut_fusion *fusion, const int8_t *acoustic, uint32_t labels, const int8_t *keyword,
             uint32_t keywords, int8_t *fused) {
    const int32_t half = (int32_t)1 << (fusion->shift - 1);
    for (uint32_t c = 0; c < labels; ++c) {
        const int16_t *const weight = fusion->weight[c];
        /* No sum of these leaves 32 bits: image.c refuses a head that could. */
        int32_t accumulator = fusion->bias[c] + half;
        for (uint32_t j = 0; j < labels; ++j) {
            accumulator += weight[j] * (acoustic[j] - fusion->zero_point[j]);
        }
        for (uint32_t j = 0; j < keywords; ++j) {
            accumulator += weight[labels + j] * (keyword[j] - fusion->zero_point[labels + j]);
        }
        fused[c] = saturated(accumulator >> fusion->shift);
    }
}
