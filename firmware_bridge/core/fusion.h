/* The late-fusion head. Arithmetic and limits: firmware_bridge/contract/fusion.py. */
#ifndef UNDERTONE_FUSION_H
#define UNDERTONE_FUSION_H

#include <stdint.h>

#define UT_MOST_LABELS 16u
#define UT_MOST_KEYWORDS 32u

typedef struct {
    int32_t shift; /* 1..24 */
    int32_t bias[UT_MOST_LABELS];
    int16_t weight[UT_MOST_LABELS][UT_MOST_LABELS + UT_MOST_KEYWORDS]; /* acoustic columns first */
    int8_t zero_point[UT_MOST_LABELS + UT_MOST_KEYWORDS];
} ut_fusion;

/* Fuse: acoustic[labels] and keyword[keywords] to fused[labels]. */
void ut_fuse(const ut_fusion *fusion, const int8_t *acoustic, uint32_t labels, const int8_t *keyword,
             uint32_t keywords, int8_t *fused);

#endif
