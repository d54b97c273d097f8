/* The firmware of the twin: the core between two channels, a microphone and sleep. */
#include "board.h"
#include "board_port.h"
#include "device.h"
#include "protocol.h"

#define RECEIVED_MOST 2048u /* bytes taken at once */
#define PLACED(where) __attribute__((section(where), aligned(16)))

static ut_device device; /* in DTCM, as everything that is small and hot */
static int8_t input[UT_WINDOW_FRAMES * UT_CHANNELS] PLACED(".ocram");
static uint16_t features[UT_STORE_FRAMES * UT_CHANNELS] PLACED(".sdram");
static uint8_t models[BOARD_SLOT_BYTES - UT_IMAGE_HEADER_BYTES] PLACED(".sdram");
static int16_t capture[UT_CAPTURE_SAMPLES] PLACED(".sdram");
static uint8_t received[RECEIVED_MOST];

static const ut_memory memory = {
    .features = features,
    .input = input,
    .models = models,
    .models_bytes = sizeof models,
    .capture = capture,
};

static ut_build build = {
    .name = "twin 1",
    .evidence = "emulated",
    .cycles_per_us = BOARD_TICKS_PER_US,
    .frontend = &ut_frontend,
    .frontend_hash = UT_FRONTEND_HASH,
    .arena_bytes = BOARD_ARENA_BYTES,
};

int main(void) {
    static board_context context;
    static ut_port port;
    board_port(&context, &port);
    board_alive();
    build.slot_bytes = board_read(BOARD_FLASH_SLOT_BYTES);
    (void)ut_device_start(&device, &port, &build, &memory);
    for (;;) {
        board_alive();
        const size_t count = board_receive(&context, received, sizeof received);
        ut_device_receive(&device, received, count);
        ut_device_poll(&device);
        if (ut_device_wants_restart(&device)) {
            board_restart(UT_RESET_TPU);
        }
        if (count == 0) {
            board_wait();
        }
    }
}
