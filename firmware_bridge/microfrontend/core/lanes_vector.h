/* As many frames at a time as a vector register holds. See lanes.h. */
#ifndef UNDERTONE_LANES_VECTOR_H
#define UNDERTONE_LANES_VECTOR_H

#include <stdint.h>

#define UT_LANES (UT_VECTOR_BYTES / 4)

typedef uint32_t lanes __attribute__((vector_size(UT_VECTOR_BYTES)));
typedef int32_t lanes_i32 __attribute__((vector_size(UT_VECTOR_BYTES)));
typedef uint16_t lanes_u16 __attribute__((vector_size(UT_VECTOR_BYTES)));
typedef int16_t lanes_i16 __attribute__((vector_size(UT_VECTOR_BYTES)));
typedef uint64_t lanes_u64 __attribute__((vector_size(UT_VECTOR_BYTES)));
typedef double lanes_f64 __attribute__((vector_size(UT_VECTOR_BYTES)));

typedef struct {
    lanes real; /* (re, -im): a dot product with it is the real part of a complex product */
    lanes imag; /* (im, re) */
} lanes_factor;

typedef struct {
    lanes_u64 even;
    lanes_u64 odd;
} lanes_sum;

#define LANES_ALL(type, value) ((type){0} + (value))

#if UT_VECTOR_BYTES == 64
#include <immintrin.h>
#define UT_DOT(a, b) ((lanes)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#define UT_SCALE(a, k) ((lanes)_mm512_mulhrs_epi16((__m512i)(a), (__m512i)(k)))
#define UT_PRODUCT_EVEN(a, b) ((lanes_u64)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
#define UT_SQRT(a) ((lanes_f64)_mm512_sqrt_pd((__m512d)(a)))
#elif UT_VECTOR_BYTES == 32
#include <immintrin.h>
#define UT_DOT(a, b) ((lanes)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#define UT_SCALE(a, k) ((lanes)_mm256_mulhrs_epi16((__m256i)(a), (__m256i)(k)))
#define UT_PRODUCT_EVEN(a, b) ((lanes_u64)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))
#define UT_SQRT(a) ((lanes_f64)_mm256_sqrt_pd((__m256d)(a)))
#else
/* What any vector unit can do, and where 128-bit units have an instruction for it. */
static inline lanes_i32 lanes_low(lanes a) { return (lanes_i32)(a << 16) >> 16; }
static inline lanes_i32 lanes_high(lanes a) { return (lanes_i32)a >> 16; }
#if defined(__SSE2__)
#include <emmintrin.h>
#define UT_DOT(a, b) ((lanes)_mm_madd_epi16((__m128i)(a), (__m128i)(b)))
#define UT_PRODUCT_EVEN(a, b) ((lanes_u64)_mm_mul_epu32((__m128i)(a), (__m128i)(b)))
#define UT_SQRT(a) ((lanes_f64)_mm_sqrt_pd((__m128d)(a)))
#else
#include <arm_neon.h>
#define UT_DOT(a, b) ((lanes)(lanes_low(a) * lanes_low(b) + lanes_high(a) * lanes_high(b)))
#define UT_PRODUCT_EVEN(a, b) (((lanes_u64)(a) & 0xFFFFFFFFu) * ((lanes_u64)(b) & 0xFFFFFFFFu))
#define UT_SQRT(a) ((lanes_f64)vsqrtq_f64((float64x2_t)(a)))
#endif
#if defined(__SSSE3__)
#include <tmmintrin.h>
#define UT_SCALE(a, k) ((lanes)_mm_mulhrs_epi16((__m128i)(a), (__m128i)(k)))
#else
static inline lanes UT_SCALE(lanes a, lanes k) {
    const lanes low = (lanes)((lanes_low(a) * lanes_low(k) + (1 << 14)) >> 15);
    const lanes high = (lanes)((lanes_high(a) * lanes_low(k) + (1 << 14)) >> 15);
    return (low & 0xFFFFu) | (high << 16);
}
#endif
#endif

static inline lanes lanes_pick(lanes low, lanes high) { return (low & 0xFFFFu) | (high & 0xFFFF0000u); }
static inline lanes lanes_turned(lanes a) { return (a << 16) | (a >> 16); }

static inline lanes_factor lanes_factor_of(uint32_t word) {
    const lanes all = LANES_ALL(lanes, word);
    const lanes negative = (lanes)(0 - (lanes_u16)all);
    return (lanes_factor){lanes_pick(all, negative), lanes_turned(all)};
}

static inline lanes lanes_add(lanes a, lanes b) { return (lanes)((lanes_u16)a + (lanes_u16)b); }
static inline lanes lanes_subtract(lanes a, lanes b) { return (lanes)((lanes_u16)a - (lanes_u16)b); }
static inline lanes lanes_add_turned(lanes a, lanes b) {
    const lanes turned = lanes_turned(b);
    return lanes_pick(lanes_add(a, turned), lanes_subtract(a, turned));
}
static inline lanes lanes_subtract_turned(lanes a, lanes b) {
    const lanes turned = lanes_turned(b);
    return lanes_pick(lanes_subtract(a, turned), lanes_add(a, turned));
}
/* A window's mean is at most a half, so sums of two halves of a spectrum stay inside 16 bits. */
static inline lanes lanes_half_sum(lanes a, lanes b) { return (lanes)((lanes_i16)lanes_add(a, b) >> 1); }
static inline lanes lanes_half_difference(lanes a, lanes b) {
    return (lanes)((lanes_i16)lanes_subtract(a, b) >> 1);
}
static inline lanes lanes_scale(lanes a, int32_t k) {
    return UT_SCALE(a, (lanes)LANES_ALL(lanes_i16, (int16_t)k));
}
static inline lanes lanes_multiply(lanes a, lanes_factor w) {
    const lanes real = (UT_DOT(a, w.real) + (1u << 14)) >> 15;
    const lanes imag = (UT_DOT(a, w.imag) + (1u << 14)) << 1;
    return lanes_pick(real, imag);
}
static inline lanes lanes_energy(lanes a) { return UT_DOT(a, a); }

static inline lanes lanes_shift_factor(const uint8_t *shifts) {
    lanes factor = {0};
    for (int lane = 0; lane < UT_LANES; ++lane) {
        factor[lane] = 0x00010001u << shifts[lane];
    }
    return factor;
}
static inline lanes lanes_shift_up(lanes a, lanes factor) {
    return (lanes)((lanes_u16)a * (lanes_u16)factor);
}

static inline lanes_sum lanes_sum_zero(void) { return (lanes_sum){{0}, {0}}; }
static inline lanes_sum lanes_sum_add(lanes_sum sum, lanes energy, int16_t weight) {
    const lanes_u64 factor = LANES_ALL(lanes_u64, (uint64_t)(uint16_t)weight);
    sum.even += UT_PRODUCT_EVEN(energy, factor);
    sum.odd += UT_PRODUCT_EVEN((lanes_u64)energy >> 32, factor);
    return sum;
}

/* Square root, rounded to nearest; a 32-bit input saturates at 65535 as in the stock library.
 * Integers below 2^52 travel in a double's mantissa; a square root of one is never so near a half that
 * rounding could go wrong. */
static inline lanes_u64 lanes_rounded_sqrt(lanes_u64 value) {
    const lanes_f64 two52 = LANES_ALL(lanes_f64, 4503599627370496.0);
    const lanes_f64 exact = (lanes_f64)(value | (lanes_u64)two52) - two52;
    const lanes_u64 root = (lanes_u64)(UT_SQRT(exact) + two52) & 0xFFFFFFFFu;
    const lanes_u64 saturates = (lanes_u64)((root == 0x10000u) & (value < 0x100000000u));
    return root + saturates; /* true is all ones, that is -1 */
}

static inline void lanes_roots(lanes_sum falling, lanes_sum rising, const uint8_t *shifts, uint32_t *roots) {
    const lanes_u64 even = lanes_rounded_sqrt(falling.even + rising.even);
    const lanes_u64 odd = lanes_rounded_sqrt(falling.odd + rising.odd);
    lanes shift = {0};
    for (int lane = 0; lane < UT_LANES; ++lane) {
        shift[lane] = shifts[lane];
    }
    const lanes all = ((lanes)(even | (odd << 32))) >> shift;
    for (int lane = 0; lane < UT_LANES; ++lane) {
        roots[lane] = all[lane];
    }
}

#endif
