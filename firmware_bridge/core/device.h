/* The device: everything that the firmware does, on any port. No RTOS, no allocation, no global, no libm.
 *
 *     port bytes -> framing -> replies -> server -> segment / listener / update -> scorer -> port
 *
 * The caller owns the memory: one ut_device, and the large buffers of ut_memory.
 */
#ifndef UNDERTONE_DEVICE_H
#define UNDERTONE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "framing.h"
#include "image.h"
#include "listener.h"
#include "port.h"
#include "protocol.h"
#include "replies.h"
#include "scorer.h"
#include "segment.h"
#include "update.h"

/* What this build of the firmware is. */
typedef struct {
    const char *name;         /* for people: port and version */
    const char *evidence;     /* what its figures are worth */
    uint32_t cycles_per_us;   /* of ut_port.cycles */
    const ut_tables *frontend;
    const char *frontend_hash; /* hexadecimal */
    uint32_t slot_bytes;      /* of each slot of flash */
    uint32_t arena_bytes;     /* most that a network's arena may take */
} ut_build;

/* The large buffers, placed by the port. */
typedef struct {
    uint16_t *features; /* [UT_STORE_FRAMES][UT_CHANNELS] */
    int8_t *input;      /* [UT_WINDOW_FRAMES][UT_CHANNELS], 16-byte aligned */
    uint8_t *models;    /* [models_bytes], 16-byte aligned: the networks of the enabled slot */
    size_t models_bytes;
    int16_t *capture;   /* [UT_CAPTURE_SAMPLES] */
} ut_memory;

/* After a network failed: the host is told, and then the port restarts. */
typedef struct {
    int32_t wanted;
    int32_t told;
    uint32_t since_ms;
} ut_recovery;

typedef struct {
    uint32_t frames_good, frames_bad, replies_repeated, segments_scored, windows_scored, audio_gaps;
    uint32_t microphone_overruns;
    uint32_t features_cycles, scaling_cycles, network_cycles[UT_NETWORKS], fusion_cycles, longest_window_cycles;
} ut_stats;

typedef struct ut_device {
    const ut_port *port;
    const ut_build *build;
    const ut_memory *memory;
    uint32_t session;
    int32_t greeted;      /* a session was named */
    int32_t slot;         /* the enabled slot; -1: none */
    ut_image image;       /* what it holds, where slot >= 0 */
    ut_decoder decoder;
    ut_replies replies;
    ut_scorer scorer;
    ut_segment segment;
    ut_listener listener;
    ut_update update;
    ut_stats stats;
    ut_recovery recovery;
} ut_device;

/* Make a device ready: check the build, find the newest whole slot, load its networks. Returns the slot, or -1
 * where none can be run; the device answers all the same. */
int32_t ut_device_start(ut_device *device, const ut_port *port, const ut_build *build, const ut_memory *memory);

/* Take bytes from the host; answers go to port->send before this returns. */
void ut_device_receive(ut_device *device, const uint8_t *bytes, size_t count);

/* Take what the microphone has, while listening. To be called often: at least every 50 ms. */
void ut_device_poll(ut_device *device);

/* Whether the port shall restart now, where it can: a network failed, and the host has been told so, or has
 * not asked for two seconds. To be asked after each ut_device_receive and ut_device_poll. */
int32_t ut_device_wants_restart(const ut_device *device);

/* Forget segment, replies, listening and update; what `reset` and a new session do. */
void ut_device_forget(ut_device *device);

/* Load the image of a slot and use it from now on. Returns 0, or a code of ut_error_code. */
int32_t ut_device_use(ut_device *device, int32_t slot);

#endif
