/* What a port sets up once: what this build of the firmware is, and where its large buffers lie. */
#ifndef UNDERTONE_SETUP_H
#define UNDERTONE_SETUP_H

#include <stddef.h>
#include <stdint.h>

#include "microfrontend.h"

/* What this build of the firmware is. */
typedef struct {
    const char *name;       /* for people: port and version */
    const char *evidence;   /* what its figures are worth */
    uint32_t cycles_per_us; /* of ut_port.cycles */
    const ut_tables *frontend;
    const char *frontend_hash; /* hexadecimal */
    uint32_t slot_bytes;       /* of each slot of flash */
    uint32_t arena_bytes;      /* most that a network's arena may take */
} ut_build;

/* The large buffers, placed by the port. */
typedef struct {
    uint16_t *features; /* [UT_STORE_FRAMES][UT_CHANNELS] */
    int8_t *input;      /* [UT_WINDOW_FRAMES][UT_CHANNELS], 16-byte aligned */
    uint8_t *models;    /* [models_bytes], 16-byte aligned: the networks of the enabled slot */
    size_t models_bytes;
    int16_t *capture; /* [UT_CAPTURE_SAMPLES] */
} ut_memory;

#endif
