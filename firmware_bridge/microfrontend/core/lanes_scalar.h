/* One frame at a time: packed halves on Armv7E-M, plain C elsewhere. See lanes.h. */
#ifndef UNDERTONE_LANES_SCALAR_H
#define UNDERTONE_LANES_SCALAR_H

#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define UT_LANES 1

typedef uint32_t lanes;
typedef uint32_t lanes_factor;
typedef uint64_t lanes_sum;

static inline int32_t half_low(lanes a) { return (int16_t)(uint16_t)(a & 0xFFFFu); }
static inline int32_t half_high(lanes a) { return (int16_t)(uint16_t)(a >> 16); }
static inline lanes halves(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

static inline lanes_factor lanes_factor_of(uint32_t word) { return word; }

#if defined(__ARM_FEATURE_DSP) && !defined(UT_PLAIN_C)
#define UT_PACKED2(name)                                                                                     \
    static inline lanes packed_##name(lanes a, lanes b) {                                                    \
        lanes r;                                                                                             \
        __asm__(#name " %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));                                             \
        return r;                                                                                            \
    }
#define UT_PACKED3(name)                                                                                     \
    static inline uint32_t packed_##name(lanes a, lanes b, uint32_t c) {                                     \
        uint32_t r;                                                                                          \
        __asm__(#name " %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));                                 \
        return r;                                                                                            \
    }
UT_PACKED2(sadd16)
UT_PACKED2(ssub16)
UT_PACKED2(sasx)
UT_PACKED2(ssax)
UT_PACKED2(shadd16)
UT_PACKED2(shsub16)
UT_PACKED2(smuad)
UT_PACKED3(smlabb)
UT_PACKED3(smlatb)
UT_PACKED3(smlsd)
UT_PACKED3(smladx)

/* low = a >> 15, high = the same of b. */
static inline lanes packed_q15(uint32_t a, uint32_t b) {
    lanes r;
    __asm__("pkhtb %0, %1, %2, asr #15" : "=r"(r) : "r"(b << 1), "r"(a));
    return r;
}
static inline lanes lanes_add(lanes a, lanes b) { return packed_sadd16(a, b); }
static inline lanes lanes_subtract(lanes a, lanes b) { return packed_ssub16(a, b); }
static inline lanes lanes_add_turned(lanes a, lanes b) { return packed_ssax(a, b); }
static inline lanes lanes_subtract_turned(lanes a, lanes b) { return packed_sasx(a, b); }
static inline lanes lanes_half_sum(lanes a, lanes b) { return packed_shadd16(a, b); }
static inline lanes lanes_half_difference(lanes a, lanes b) { return packed_shsub16(a, b); }
static inline lanes lanes_scale(lanes a, int32_t k) {
    return packed_q15(packed_smlabb(a, (uint32_t)k, 1u << 14), packed_smlatb(a, (uint32_t)k, 1u << 14));
}
static inline lanes lanes_multiply(lanes a, lanes_factor w) {
    return packed_q15(packed_smlsd(a, w, 1u << 14), packed_smladx(a, w, 1u << 14));
}
static inline uint32_t lanes_energy(lanes a) { return packed_smuad(a, a); }
#else
static inline int32_t q15(int32_t product) { return (product + (1 << 14)) >> 15; }
static inline lanes lanes_add(lanes a, lanes b) {
    return halves(half_low(a) + half_low(b), half_high(a) + half_high(b));
}
static inline lanes lanes_subtract(lanes a, lanes b) {
    return halves(half_low(a) - half_low(b), half_high(a) - half_high(b));
}
/* a - i b and a + i b, with i the imaginary unit. */
static inline lanes lanes_add_turned(lanes a, lanes b) {
    return halves(half_low(a) + half_high(b), half_high(a) - half_low(b));
}
static inline lanes lanes_subtract_turned(lanes a, lanes b) {
    return halves(half_low(a) - half_high(b), half_high(a) + half_low(b));
}
/* (a + b) / 2 and (a - b) / 2, rounded down. */
static inline lanes lanes_half_sum(lanes a, lanes b) {
    return halves((half_low(a) + half_low(b)) >> 1, (half_high(a) + half_high(b)) >> 1);
}
static inline lanes lanes_half_difference(lanes a, lanes b) {
    return halves((half_low(a) - half_low(b)) >> 1, (half_high(a) - half_high(b)) >> 1);
}
/* a * k / 32768, rounded half up. */
static inline lanes lanes_scale(lanes a, int32_t k) {
    return halves(q15(half_low(a) * k), q15(half_high(a) * k));
}
static inline lanes lanes_multiply(lanes a, lanes_factor w) {
    const int32_t ar = half_low(a), ai = half_high(a), br = half_low(w), bi = half_high(w);
    return halves(q15(ar * br - ai * bi), q15(ar * bi + ai * br));
}
static inline uint32_t lanes_energy(lanes a) {
    return (uint32_t)(half_low(a) * half_low(a)) + (uint32_t)(half_high(a) * half_high(a));
}
#endif

/* The low half of one, the high half of the other. */
static inline lanes lanes_pick(lanes low, lanes high) { return (low & 0xFFFFu) | (high & 0xFFFF0000u); }

/* Both halves shifted left; bits that leave a half are lost. */
static inline lanes lanes_shift_factor(const uint8_t *shifts) { return shifts[0]; }
static inline lanes lanes_shift_up(lanes a, lanes shift) {
    const uint32_t lost = ((1u << shift) - 1u) << (16u - shift);
    return (a & ~lost) << shift;
}

static inline lanes_sum lanes_sum_zero(void) { return 0; }
static inline lanes_sum lanes_sum_add(lanes_sum sum, uint32_t energy, int16_t weight) {
    return sum + (uint64_t)energy * (uint16_t)weight;
}

/* A guess at the square root, good to a few units in its 24th bit: the instruction, where there is one. */
#if defined(UT_PLAIN_C)
#elif defined(__SSE2__)
#define UT_ROOT_GUESS 1
static inline float root_guess(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
#elif defined(__aarch64__)
#define UT_ROOT_GUESS 1
static inline float root_guess(float x) {
    float root;
    __asm__("fsqrt %s0, %s1" : "=w"(root) : "w"(x));
    return root;
}
#elif defined(__ARM_FP) && (__ARM_FP & 4)
#define UT_ROOT_GUESS 1
static inline float root_guess(float x) {
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
}
#endif

/* Square root, rounded to nearest; a 32-bit input saturates at 65535 as in the stock library. */
static inline uint32_t rounded_sqrt(uint64_t value) {
#if defined(UT_ROOT_GUESS)
    /* The guess is at most one off for roots below 2^22, which is as far as amplitudes go. */
    const float about = (float)(uint32_t)(value >> 32) * 4294967296.0f + (float)(uint32_t)value;
    uint32_t root = (uint32_t)root_guess(about);
    while (value > (uint64_t)root * (root + 1u)) {
        ++root;
    }
    while (root > 0 && value <= (uint64_t)root * (root - 1u)) {
        --root;
    }
#else
    uint64_t rest = value, wide = 0, bit = (uint64_t)1 << 62;
    while (bit > rest) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (rest >= wide + bit) {
            rest -= wide + bit;
            wide = (wide >> 1) + bit;
        } else {
            wide >>= 1;
        }
    }
    const uint32_t root = (uint32_t)(wide + (rest > wide));
#endif
    return (root == 0x10000u && (value >> 32) == 0) ? 0xFFFFu : root;
}

/* Roots of all lanes of the sum of two sums, each shifted right by its lane's shift. */
static inline void lanes_roots(lanes_sum falling, lanes_sum rising, const uint8_t *shifts, uint32_t *roots) {
    roots[0] = rounded_sqrt(falling + rising) >> shifts[0];
}

#endif
