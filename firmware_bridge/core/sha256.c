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

static void spread_block(const uint8_t *block, uint32_t w[64]) {
    for (size_t i = 0; i < 16; ++i) {
        const uint8_t *at = block + 4 * i;
        w[i] = ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | (uint32_t)at[3];
    }
    for (size_t i = 16; i < 64; ++i) {
        const uint32_t a = w[i - 15], b = w[i - 2];
        const uint32_t small0 = turned(a, 7) ^ turned(a, 18) ^ (a >> 3);
        const uint32_t small1 = turned(b, 17) ^ turned(b, 19) ^ (b >> 10);
        w[i] = w[i - 16] + small0 + w[i - 7] + small1;
    }
}

static void take_block(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64], s[8];
    spread_block(block, w);
    ut_bytes_copy(s, state, sizeof s);
    for (size_t i = 0; i < 64; ++i) {
        const uint32_t sum1 = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25);
        const uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        const uint32_t first = s[7] + sum1 + choice + round_constants[i] + w[i];
        const uint32_t sum0 = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22);
        const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        for (size_t j = 7; j > 0; --j) {
            s[j] = s[j - 1];
        }
        s[4] += first;
        s[0] = first + sum0 + majority;
    }
    for (size_t i = 0; i < 8; ++i) {
        state[i] += s[i];
    }
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
