/* Runs the core on one file of tables, chunk size and audio: for sanitizers and for the fuzzer.
 *
 * Input: the 18 integers of ut_tables in order, the chunk size, the lengths of the nine arrays, the number of
 * samples (29 int32 in all); the nine arrays; the samples. What is missing at the end counts as zero.
 * Output: the features, then one byte that tells whether activity was detected. Exit status 3: tables
 * refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "microfrontend.h"
#include "scaling.h"

enum { INTEGERS = 18, ARRAYS = 9, HEADER = INTEGERS + 1 + ARRAYS + 1, LIMIT = 1 << 16 };

static void *taken(size_t count, size_t size) {
    /* Exactly as long as the core may read: one element more and the address sanitizer stops it. */
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL || fread(memory, size, count, stdin) > count) {
        exit(2);
    }
    return memory;
}

static int has_lengths(const ut_tables *t, const int32_t *lengths) {
    if (t->fft_size < 32 || t->fft_size > UT_MAX_WINDOW || t->channels < 1 || t->channels > UT_MAX_CHANNELS) {
        return 1; /* ut_check refuses these before it looks at any array */
    }
    const int32_t least[ARRAYS] = {t->window_size,
                                   t->fft_size / 2,
                                   t->fft_size,
                                   t->fft_size / 2,
                                   t->channels + 1,
                                   t->fft_size / 2,
                                   t->fft_size / 2,
                                   66,
                                   128};
    for (int i = 0; i < ARRAYS; ++i) {
        if (lengths[i] < least[i]) {
            return 0;
        }
    }
    return 1;
}

int main(void) {
    int32_t header[HEADER] = {0};
    (void)!fread(header, sizeof(int32_t), HEADER, stdin);
    ut_tables tables;
    memset(&tables, 0, sizeof tables);
    memcpy(&tables, header, INTEGERS * sizeof(int32_t));
    const int32_t *lengths = header + INTEGERS + 1;
    for (int i = 0; i <= ARRAYS; ++i) {
        if (lengths[i] < 0 || lengths[i] > LIMIT) {
            return 3;
        }
    }
    if (!has_lengths(&tables, lengths)) {
        return 3;
    }
    void *arrays[ARRAYS];
    for (int i = 0; i < ARRAYS; ++i) {
        arrays[i] = taken((size_t)lengths[i], i < 7 ? sizeof(int16_t) : sizeof(uint32_t));
    }
    memcpy(&tables.window, arrays, sizeof arrays);
    const size_t samples = (size_t)lengths[ARRAYS];
    int16_t *pcm = taken(samples, sizeof(int16_t));
    int status = 3;
    if (ut_check(&tables) == 0) {
        ut_state *state = NULL;
        if (posix_memalign((void **)&state, 64, sizeof *state) != 0) {
            return 2;
        }
        memset(state, 0xA5, sizeof *state); /* a reset must not rely on zeroed memory */
        ut_reset(state);
        const size_t chunk = header[INTEGERS] > 0 ? (size_t)header[INTEGERS] : samples;
        for (size_t at = 0; at < samples; at += chunk) {
            const size_t now = samples - at < chunk ? samples - at : chunk;
            int16_t *piece = malloc(now * sizeof *piece); /* its own block, so that reading on is noticed */
            memcpy(piece, pcm + at, now * sizeof *piece);
            const size_t values = ut_frames_ready(&tables, state, now) * (size_t)tables.channels;
            uint16_t *out = malloc(values * sizeof *out + 1);
            if (ut_push(&tables, state, piece, now, out) * (size_t)tables.channels != values) {
                return 4;
            }
            fwrite(out, sizeof *out, values, stdout);
            int8_t *scaled = malloc(values + 1);
            const ut_scaling scaling = {header[0] & 3, header[1] & 0xFFFF, 1 + (header[2] & 0x3FFF),
                                        1 + (header[3] & 15), 1 + (header[4] & 0x7FFF)};
            ut_scale(&scaling, out, values, scaled);
            free(scaled);
            free(out);
            free(piece);
        }
        fputc(ut_activity_detected(state), stdout);
        free(state);
        status = 0;
    }
    for (int i = 0; i < ARRAYS; ++i) {
        free(arrays[i]);
    }
    free(pcm);
    return status;
}
