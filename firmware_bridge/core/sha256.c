/* SHA-256, FIPS 180-4 section 6.2. */
#include "sha256.h"

#include "bytes.h"

static const uint32_t round_constants[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
    0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
    0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
    0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
    0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
    0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
    0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
};

static uint32_t turned(uint32_t x, uint32_t n) { return (x >> n) | (x << (32u - n)); }

/* Word j of the block, and the word that takes its place sixteen rounds later. */
#define GIVEN(j) w[j]
#define NEXT(j)                                                                                              \
    (w[j] += (turned(w[(j + 1) % 16], 7) ^ turned(w[(j + 1) % 16], 18) ^ (w[(j + 1) % 16] >> 3)) +           \
             (turned(w[(j + 14) % 16], 17) ^ turned(w[(j + 14) % 16], 19) ^ (w[(j + 14) % 16] >> 10)) +      \
             w[(j + 9) % 16])

/* One round. The eight words do not move, the next round names them one place on: they stay in registers. */
#define ROUND(a, b, c, d, e, f, g, h, word, constant)                                                        \
    do {                                                                                                     \
        h += (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (g ^ (e & (f ^ g))) + (constant) + (word);     \
        d += h;                                                                                              \
        h += (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) | (c & (a | b)));                     \
    } while (0)

#define EIGHT_ROUNDS(WORD, j, constants)                                                                     \
    do {                                                                                                     \
        ROUND(a, b, c, d, e, f, g, h, WORD((j)), (constants)[(j)]);                                          \
        ROUND(h, a, b, c, d, e, f, g, WORD((j) + 1), (constants)[(j) + 1]);                                  \
        ROUND(g, h, a, b, c, d, e, f, WORD((j) + 2), (constants)[(j) + 2]);                                  \
        ROUND(f, g, h, a, b, c, d, e, WORD((j) + 3), (constants)[(j) + 3]);                                  \
        ROUND(e, f, g, h, a, b, c, d, WORD((j) + 4), (constants)[(j) + 4]);                                  \
        ROUND(d, e, f, g, h, a, b, c, WORD((j) + 5), (constants)[(j) + 5]);                                  \
        ROUND(c, d, e, f, g, h, a, b, WORD((j) + 6), (constants)[(j) + 6]);                                  \
        ROUND(b, c, d, e, f, g, h, a, WORD((j) + 7), (constants)[(j) + 7]);                                  \
    } while (0)

static void take_block(uint32_t state[8], const uint8_t *block) {
    uint32_t w[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t i = 0; i < 16; ++i) {
        const uint8_t *at = block + 4 * i;
        w[i] = ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | (uint32_t)at[3];
    }
    EIGHT_ROUNDS(GIVEN, 0, round_constants);
    EIGHT_ROUNDS(GIVEN, 8, round_constants);
    for (const uint32_t *next = round_constants + 16; next < round_constants + 64; next += 16) {
        EIGHT_ROUNDS(NEXT, 0, next);
        EIGHT_ROUNDS(NEXT, 8, next);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void ut_sha256_start(ut_sha256 *sha) {
    static const uint32_t first[8] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au,
                                      0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
    ut_bytes_copy(sha->state, first, sizeof first);
    sha->count = 0;
}

void ut_sha256_take(ut_sha256 *sha, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        const size_t held = (size_t)(sha->count % 64u);
        const size_t room = 64u - held;
        const size_t now = count < room ? count : room;
        if (now == 64u) {
            take_block(sha->state, bytes); /* whole blocks need no copy */
        } else {
            ut_bytes_copy(sha->block + held, bytes, now);
            if (now == room) {
                take_block(sha->state, sha->block);
            }
        }
        sha->count += now;
        bytes += now;
        count -= now;
    }
}

void ut_sha256_end(ut_sha256 *sha, uint8_t digest[32]) {
    static const uint8_t padding[64] = {0x80};
    const uint64_t bits = sha->count * 8u;
    const size_t held = (size_t)(sha->count % 64u);
    uint8_t length[8];
    for (size_t i = 0; i < 8; ++i) {
        length[i] = (uint8_t)(bits >> (56u - 8u * i));
    }
    ut_sha256_take(sha, padding, held < 56u ? 56u - held : 120u - held);
    ut_sha256_take(sha, length, sizeof length);
    for (size_t i = 0; i < 32; ++i) {
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24u - 8u * (i % 4)));
    }
}
