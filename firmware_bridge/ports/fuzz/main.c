/* fuzz IMAGE SEED INPUTS: feed the device and check it after every input. Prints one line of figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "fuzz.h"

/* Basic blocks of the wire's code (framing, COBS, CRC, codec, replies, server), counted by the compiler's
 * instrumentation: per byte for taking it, and per frame for looking at the kept replies and for the answer.
 */
#define MOST_PER_BYTE 8u
#define MOST_PER_FRAME 20000u
#define MOST_INFERENCES (2u * (2u + (UT_WINDOW_SAMPLES + UT_CHUNK_SAMPLES) / UT_HOP_SAMPLES))
#define MODELS_BYTES 8192u

static uint64_t work;
static uint64_t at_input;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) { ++work; }

/* Memory lives as long as the program: what it has not given back at its end is no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }

void fuzz_fail(const char *what) {
    fprintf(stderr, "input %llu: %s\n", (unsigned long long)at_input, what);
    abort();
}

typedef struct {
    uint64_t bytes, frames, answers, kinds[256], errors[256], most_frame_work;
    double most_byte_work;
} figures;

static void *room(size_t bytes) {
    /* Of exactly this size, so that a byte too far is seen. */
    void *const made = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (made == 0) {
        fuzz_fail("no memory");
    }
    memset(made, 0, bytes);
    return made;
}

static uint32_t zeros(const uint8_t *bytes, size_t count) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; ++i) {
        found += bytes[i] == 0;
    }
    return found;
}

/* Everything that the device says is a whole frame of a known kind, with the payload that its kind has. */
static uint32_t check_answers(const fuzz_port *port, figures *seen) {
    static ut_decoder decoder;
    static uint32_t message[512];
    ut_frame frame;
    enum ut_fault fault;
    uint32_t found = 0;
    for (size_t i = 0; i < port->sent_count; ++i) {
        if (!ut_decoder_take(&decoder, port->sent[i], &frame, &fault)) {
            continue;
        }
        const ut_layout *const layout = fault == UT_FAULT_NONE ? ut_layout_of(frame.kind) : 0;
        if (layout == 0 || layout->reply != 0 || layout->bytes > sizeof message ||
            ut_decode(layout, frame.payload, frame.count, message) != 0) {
            fuzz_fail("an answer is not a message");
        }
        ++seen->kinds[frame.kind];
        if (frame.kind == UT_KIND_ERROR) {
            ++seen->errors[((const uint8_t *)message)[0]];
        }
        ++found;
    }
    if (decoder.held != 0) {
        fuzz_fail("an answer has no end");
    }
    seen->answers += found;
    return found;
}

static void check_state(const ut_device *device, const ut_port *port) {
    const ut_segment *const segment = &device->segment;
    const ut_update *const update = &device->update;
    const int good =
        device->port == port && device->decoder.held <= UT_FRAME_MOST_ENCODED &&
        device->replies.next < UT_REPLIES_KEPT && device->slot >= -1 && device->slot <= 1 &&
        segment->received <= segment->samples && segment->samples <= UT_SEGMENT_SAMPLES &&
        device->scorer.frames <= UT_STORE_FRAMES && device->listener.mode <= UT_LISTEN_CAPTURE &&
        (!update->begun || (update->received <= update->bytes && update->bytes <= FUZZ_SLOT_BYTES));
    if (!good) {
        fuzz_fail("the device's state is not one that it can be in");
    }
}

static void check_work(const fuzz_port *port, uint64_t done, size_t bytes, uint32_t frames, figures *seen) {
    const uint64_t most = (uint64_t)MOST_PER_BYTE * bytes + (uint64_t)MOST_PER_FRAME * frames;
    if (done > most || port->inferences > MOST_INFERENCES * frames || port->erases > 2 * frames ||
        port->programs > 3 * frames) {
        fprintf(stderr, "%llu blocks, %u inferences, %u erases, %u programs for %zu bytes, %u frames\n",
                (unsigned long long)done, port->inferences, port->erases, port->programs, bytes, frames);
        fuzz_fail("too much work for an input");
    }
    if (frames == 0 && (double)done / (double)bytes > seen->most_byte_work) {
        seen->most_byte_work = (double)done / (double)bytes;
    }
    if (frames == 1 && done > seen->most_frame_work) {
        seen->most_frame_work = done;
    }
}

static void *copy_of(const uint8_t *bytes, size_t count) {
    void *const made = malloc(count > 0 ? count : 1);
    if (made == 0) {
        fuzz_fail("no memory");
    }
    memcpy(made, bytes, count);
    return made;
}

/* The device decodes payloads where they lie in its decoder, so reading past one would touch nothing foreign.
 * Here each lies alone, and so does the message that it becomes. */
static void check_codec(const uint8_t *bytes, size_t count) {
    static ut_decoder decoder;
    static const uint8_t nothing[2048];
    ut_frame frame;
    enum ut_fault fault;
    for (size_t i = 0; i < count; ++i) {
        if (!ut_decoder_take(&decoder, bytes[i], &frame, &fault) || fault != UT_FAULT_NONE) {
            continue;
        }
        const ut_layout *const layout = ut_layout_of(frame.kind);
        if (layout != 0) {
            uint8_t *const payload = copy_of(frame.payload, frame.count);
            void *const message = copy_of(nothing, layout->bytes);
            (void)ut_decode(layout, payload, frame.count, message);
            free(message);
            free(payload);
        }
    }
}

static void feed(ut_device *device, fuzz_port *port, const uint8_t *bytes, size_t count, figures *seen) {
    uint8_t *const exact = copy_of(bytes, count);
    const uint32_t frames = zeros(bytes, count);
    port->sent_count = 0;
    port->inferences = port->erases = port->programs = 0;
    work = 0;
    ut_device_receive(device, exact, count);
    const uint64_t done = work;
    check_codec(exact, count);
    free(exact);
    check_work(port, done, count, frames, seen);
    check_state(device, device->port);
    if (check_answers(port, seen) > frames) {
        fuzz_fail("more answers than frames");
    }
    seen->bytes += count;
    seen->frames += frames;
}

/* Whatever came before: a zero byte, and the device answers. */
static void check_alive(ut_device *device, fuzz_port *port, figures *seen) {
    uint8_t wire[UT_FRAME_MOST_ENCODED + 2u] = {0};
    const uint64_t before = seen->answers;
    const ut_frame frame = {UT_PROTOCOL_VERSION, UT_KIND_GET_STATS, 65535, wire, 0};
    feed(device, port, wire, 1 + ut_frame_encode(&frame, wire + 1), seen);
    if (seen->answers == before) {
        fuzz_fail("the device fell silent");
    }
}

static size_t read_image(const char *path, uint8_t *image) {
    FILE *const file = fopen(path, "rb");
    const size_t count = file != 0 ? fread(image, 1, FUZZ_SLOT_BYTES, file) : 0;
    if (file == 0 || fclose(file) != 0 || count < UT_IMAGE_HEADER_BYTES) {
        fuzz_fail("no image");
    }
    return count;
}

static void print_counts(const char *name, const uint64_t counts[256]) {
    const char *separator = "";
    printf(", \"%s\": {", name);
    for (size_t number = 0; number < 256; ++number) {
        if (counts[number] > 0) {
            printf("%s\"%zu\": %llu", separator, number, (unsigned long long)counts[number]);
            separator = ", ";
        }
    }
    printf("}");
}

static void print_figures(const figures *seen, uint64_t inputs) {
    printf(
        "{\"inputs\": %llu, \"bytes\": %llu, \"frames\": %llu, \"answers\": %llu, \"blocks_per_byte\": %.1f, "
        "\"blocks_per_frame\": %llu",
        (unsigned long long)inputs, (unsigned long long)seen->bytes, (unsigned long long)seen->frames,
        (unsigned long long)seen->answers, seen->most_byte_work, (unsigned long long)seen->most_frame_work);
    print_counts("kinds", seen->kinds);
    print_counts("errors", seen->errors);
    puts("}");
}

int main(int count, char **arguments) {
    if (count != 4) {
        fuzz_fail("usage: fuzz IMAGE SEED INPUTS");
    }
    const uint64_t seed = strtoull(arguments[2], 0, 10), inputs = strtoull(arguments[3], 0, 10);
    fuzz_port *const port = room(sizeof *port);
    fuzz_host *const host = room(sizeof *host);
    ut_device *const device = room(sizeof *device);
    uint8_t *const image = room(FUZZ_SLOT_BYTES), *const bytes = room(FUZZ_MOST_BYTES);
    memset(port->flash, 0xFF, sizeof port->flash);
    host->image_bytes = (uint32_t)read_image(arguments[1], port->flash[UT_AREA_SLOT_0]);
    memcpy(image, port->flash[UT_AREA_SLOT_0], host->image_bytes);
    host->image = image;
    host->dice.state = seed * 0x9E3779B97F4A7C15ull + 1;
    port->dice.state = ~host->dice.state | 1;
    const ut_memory memory = {room(sizeof(uint16_t) * UT_STORE_FRAMES * UT_CHANNELS),
                              room((size_t)UT_WINDOW_FRAMES * UT_CHANNELS), room(MODELS_BYTES), MODELS_BYTES,
                              room(sizeof(int16_t) * UT_CAPTURE_SAMPLES)};
    const ut_build build = {"fuzz", "none", 1, &ut_frontend, UT_FRONTEND_HASH, FUZZ_SLOT_BYTES, 1u << 20};
    ut_port functions = fuzz_functions;
    functions.context = port;
    (void)ut_device_start(device, &functions, &build, &memory);
    figures *const seen = room(sizeof *seen);
    for (at_input = 0; at_input < inputs; ++at_input) {
        feed(device, port, bytes, fuzz_next(host, device, bytes), seen);
        if (at_input % 16 == 0) {
            ut_device_poll(device);
        }
        if (at_input % 1024 == 0) {
            check_alive(device, port, seen);
        }
        if (fuzz_roll(&host->dice, 20000) == 0) {
            (void)ut_device_start(device, &functions, &build, &memory); /* a reset, or the power came back */
        }
    }
    print_figures(seen, inputs);
    return 0;
}
