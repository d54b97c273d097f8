/* A device on a bench: flash, networks, microphone and clock are made up, so that every answer is known.
 *
 * Linked with --wrap=ut_push, ut_scale and ut_fuse: the clock moves only with the work that is counted here.
 */
#include <stdlib.h>
#include <string.h>

#include "device.h"

#define FRAME_TICKS 1000u
#define SCALE_TICKS 70u
#define NETWORK_TICKS 50000u
#define FUSE_TICKS 3u

typedef int32_t (*run_network)(uint32_t network, const int8_t *input, size_t inputs, int8_t *output,
                               size_t outputs);

typedef struct {
    ut_device device;
    ut_port port;
    ut_build build;
    ut_memory memory;
    uint8_t *slot;
    size_t slot_bytes;
    uint8_t *sent;
    size_t sent_count, sent_most;
    int16_t *heard;
    size_t heard_count;
    uint32_t lost;
    int32_t on;
    uint32_t infers, fail_from, fail_count;
    run_network networks;
} bench;

/* Of all benches: tests use one at a time. */
static uint32_t ticks, frames_computed, samples_pushed;

size_t __real_ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples,
                      uint16_t *out);
size_t __wrap_ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples,
                      uint16_t *out);
size_t __wrap_ut_push(const ut_tables *tables, ut_state *state, const int16_t *pcm, size_t samples,
                      uint16_t *out) {
    const size_t frames = __real_ut_push(tables, state, pcm, samples, out);
    ticks += (uint32_t)frames * FRAME_TICKS;
    frames_computed += (uint32_t)frames;
    samples_pushed += (uint32_t)samples;
    return frames;
}

void __real_ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out);
void __wrap_ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out);
void __wrap_ut_scale(const ut_scaling *scaling, const uint16_t *features, size_t count, int8_t *out) {
    __real_ut_scale(scaling, features, count, out);
    ticks += SCALE_TICKS;
}

void __real_ut_fuse(const ut_fusion *fusion, const int8_t *acoustic, uint32_t labels, const int8_t *keyword,
                    uint32_t keywords, int8_t *fused);
void __wrap_ut_fuse(const ut_fusion *fusion, const int8_t *acoustic, uint32_t labels, const int8_t *keyword,
                    uint32_t keywords, int8_t *fused);
void __wrap_ut_fuse(const ut_fusion *fusion, const int8_t *acoustic, uint32_t labels, const int8_t *keyword,
                    uint32_t keywords, int8_t *fused) {
    __real_ut_fuse(fusion, acoustic, labels, keyword, keywords, fused);
    ticks += FUSE_TICKS;
}

static void on_send(void *context, const uint8_t *bytes, size_t count) {
    bench *const b = context;
    if (b->sent_count + count > b->sent_most) {
        b->sent_most = 2 * (b->sent_count + count);
        b->sent = realloc(b->sent, b->sent_most);
    }
    memcpy(b->sent + b->sent_count, bytes, count);
    b->sent_count += count;
}

static uint32_t on_cycles(void *context) {
    (void)context;
    return ticks;
}

static uint32_t on_milliseconds(void *context) {
    (void)context;
    return 1500;
}

static void on_marks(void *context, ut_marks *marks) {
    (void)context;
    marks->ram_bytes = 10;
    marks->ram_peak_bytes = 20;
    marks->stack_peak_bytes = 30;
}

static int32_t on_load(void *context, uint32_t network, const uint8_t *model, size_t bytes,
                       size_t arena_bytes, size_t inputs, size_t outputs) {
    (void)context, (void)network, (void)model, (void)bytes, (void)arena_bytes, (void)inputs, (void)outputs;
    return UT_LOADED;
}

/* A made-up network: each score depends on every value of the input and on its place. */
static int32_t made_up(uint32_t network, const int8_t *input, size_t inputs, int8_t *output, size_t outputs) {
    uint32_t sum = 0;
    for (size_t i = 0; i < inputs; ++i) {
        sum += (uint32_t)input[i] * ((uint32_t)i * 2654435761u + 12345u);
    }
    for (size_t i = 0; i < outputs; ++i) {
        output[i] = (int8_t)(uint8_t)(((sum + network) * (2u * (uint32_t)i + 1u) * 2246822519u) >> 24);
    }
    return 0;
}

static int32_t on_infer(void *context, uint32_t network, const int8_t *input, size_t inputs, int8_t *output,
                        size_t outputs) {
    bench *const b = context;
    const uint32_t number = b->infers++;
    ticks += NETWORK_TICKS * (network + 1u);
    if (number - b->fail_from < b->fail_count) {
        return 1;
    }
    return b->networks(network, input, inputs, output, outputs);
}

static int32_t on_flash_read(void *context, uint32_t area, size_t offset, uint8_t *bytes, size_t count) {
    bench *const b = context;
    memset(bytes, 0xFF, count);
    if (area == UT_AREA_SLOT_0 && offset < b->slot_bytes) {
        const size_t left = b->slot_bytes - offset;
        memcpy(bytes, b->slot + offset, left < count ? left : count);
    }
    return 0;
}

static size_t on_microphone(void *context, int16_t *pcm, size_t most, uint32_t *lost) {
    bench *const b = context;
    const size_t count = b->heard_count < most ? b->heard_count : most;
    memcpy(pcm, b->heard, 2 * count);
    memmove(b->heard, b->heard + count, 2 * (b->heard_count - count));
    b->heard_count -= count;
    *lost += b->lost;
    b->lost = 0;
    return count;
}

static void on_power(void *context, int32_t on) { ((bench *)context)->on = on; }

void *bench_new(const uint8_t *image, size_t bytes, int32_t microphone) {
    bench *const b = calloc(1, sizeof(bench));
    b->slot = malloc(bytes + 1);
    memcpy(b->slot, image, bytes);
    b->slot_bytes = bytes;
    b->networks = made_up;
    b->memory.features = malloc(sizeof(uint16_t) * UT_STORE_FRAMES * UT_CHANNELS);
    b->memory.input = malloc((size_t)UT_WINDOW_FRAMES * UT_CHANNELS);
    b->memory.models_bytes = bytes;
    b->memory.models = malloc(bytes + 1);
    b->memory.capture = malloc(sizeof(int16_t) * UT_CAPTURE_SAMPLES);
    const ut_port port = {.context = b,
                          .send = on_send,
                          .cycles = on_cycles,
                          .milliseconds = on_milliseconds,
                          .marks = on_marks,
                          .load = on_load,
                          .infer = on_infer,
                          .flash_read = on_flash_read};
    b->port = port;
    if (microphone) {
        b->port.microphone = on_microphone;
        b->port.microphone_power = on_power;
    }
    const ut_build build = {"bench", "simulated", 1, &ut_frontend, UT_FRONTEND_HASH, (uint32_t)bytes + 65536u,
                            1u << 30};
    b->build = build;
    ticks = 0xFFFFF000u; /* the clock wraps in the middle of a test */
    frames_computed = samples_pushed = 0;
    (void)ut_device_start(&b->device, &b->port, &b->build, &b->memory);
    return b;
}

void bench_free(void *held) {
    bench *const b = held;
    free(b->slot);
    free(b->sent);
    free(b->heard);
    free(b->memory.features);
    free(b->memory.input);
    free(b->memory.models);
    free(b->memory.capture);
    free(b);
}

/* Give the device bytes; return how many it sent, which lie at *sent until the next call. */
size_t bench_talk(void *held, const uint8_t *bytes, size_t count, const uint8_t **sent) {
    bench *const b = held;
    b->sent_count = 0;
    ut_device_receive(&b->device, bytes, count);
    *sent = b->sent;
    return b->sent_count;
}

/* Let the microphone hear samples, and lose some before them; then poll once. */
void bench_hear(void *held, const int16_t *pcm, size_t count, uint32_t lost) {
    bench *const b = held;
    b->heard = realloc(b->heard, 2 * (b->heard_count + count) + 1);
    memcpy(b->heard + b->heard_count, pcm, 2 * count);
    b->heard_count += count;
    b->lost += lost;
    ut_device_poll(&b->device);
}

void bench_fail(void *held, uint32_t from, uint32_t count) {
    bench *const b = held;
    b->fail_from = b->infers + from;
    b->fail_count = count;
}

void bench_networks(void *held, run_network networks) { ((bench *)held)->networks = networks; }

/* Whether there is a bundle; frames computed; samples pushed; calls of networks; microphone on; samples
 * waiting; frames in the store. */
void bench_counts(void *held, uint32_t counts[7]) {
    const bench *const b = held;
    counts[0] = b->device.slot >= 0;
    counts[1] = frames_computed;
    counts[2] = samples_pushed;
    counts[3] = b->infers;
    counts[4] = (uint32_t)b->on;
    counts[5] = (uint32_t)b->heard_count;
    counts[6] = b->device.scorer.frames;
}

/* Move the counters of a long-running device forward, to where they wrap. */
void bench_age(void *held, uint32_t captured) {
    bench *const b = held;
    b->device.listener.captured += captured;
    b->device.listener.settled += captured;
}

void bench_fuse(const int32_t *bias, const int16_t *weight, const int8_t *zero_point, int32_t shift,
                uint32_t labels, uint32_t keywords, const int8_t *scores, int8_t *fused) {
    ut_fusion fusion;
    memset(&fusion, 0x55, sizeof(fusion)); /* what lies beyond the head must not matter */
    fusion.shift = shift;
    for (uint32_t c = 0; c < labels; ++c) {
        fusion.bias[c] = bias[c];
        memcpy(fusion.weight[c], weight + c * (labels + keywords), 2 * (size_t)(labels + keywords));
    }
    memcpy(fusion.zero_point, zero_point, labels + keywords);
    ut_fuse(&fusion, scores, labels, scores + labels, keywords, fused);
}

int8_t bench_mean(int32_t sum, int32_t n) { return ut_mean_of(sum, n); }

#if defined(BENCH_MAIN)
#include <stdio.h>

static uint8_t *read_record(uint32_t *count) {
    if (fread(count, 4, 1, stdin) != 1) {
        return 0;
    }
    uint8_t *const bytes = malloc(*count + 1u);
    return fread(bytes, 1, *count, stdin) == *count ? bytes : 0;
}

/* Records, each a length and bytes: the image, then by turns what the host sends and what the microphone
 * hears. A record of the host that is empty makes the next two networks fail. */
int main(void) {
    uint32_t count = 0;
    uint8_t *record = read_record(&count);
    void *const held = bench_new(record, count, 1);
    free(record);
    for (uint32_t turn = 0; (record = read_record(&count)) != 0; ++turn) {
        const uint8_t *sent = 0;
        if (turn % 2 == 1) {
            bench_hear(held, (const int16_t *)(const void *)record, count / 2, count % 2);
        } else if (count == 0) {
            bench_fail(held, 0, 2);
        } else {
            const size_t replies = bench_talk(held, record, count, &sent);
            (void)fwrite(sent, 1, replies, stdout);
        }
        free(record);
    }
    bench_free(held);
    return 0;
}
#endif
