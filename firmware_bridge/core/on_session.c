/* Requests about the device as a whole: who it is, how it is, what its last crash left. */
#include "capabilities.h"
#include "crash.h"
#include "handlers.h"
#include "use.h"

static ut_health health_of(const ut_device *device) {
    ut_health health = {UT_RESET_UNKNOWN, 0, 0, 0, 0, 0};
    if (device->port->health != 0) {
        device->port->health(device->port->context, &health);
    }
    return health;
}

/* A network that failed may have left the Edge TPU in any state: it is not asked then. */
static int32_t temperature(const ut_device *device) {
    const ut_port *const port = device->port;
    return port->temperature != 0 && !device->recovery.wanted ? port->temperature(port->context) : INT32_MIN;
}

static void write_health(const ut_device *device, struct ut_msg_stats *stats) {
    const ut_health health = health_of(device);
    stats->temperature_mc = temperature(device);
    stats->reset_reason = health.reset_reason;
    stats->restarts = health.restarts;
    stats->watchdog_resets = health.watchdog_resets;
    stats->faults = health.faults;
    stats->tpu_failures = health.tpu_failures;
}

uint8_t ut_on_get_crash(ut_device *device, union ut_reply *reply) {
    struct ut_msg_crash *const message = &reply->crash;
    const ut_crash *const crash = device->port->crash != 0 ? device->port->crash(device->port->context) : 0;
    message->reason = UT_RESET_UNKNOWN;
    message->uptime_ms = 0;
    message->task_count = message->registers_count = message->trace_count = 0;
    if (crash == 0 || crash->reason == UT_RESET_UNKNOWN) {
        return UT_KIND_CRASH;
    }
    message->reason = (uint8_t)crash->reason;
    message->uptime_ms = crash->uptime_ms;
    message->registers_count = UT_CRASH_REGISTERS;
    message->trace_count =
        (uint8_t)(crash->trace_count < UT_CRASH_TRACE ? crash->trace_count : UT_CRASH_TRACE);
    while (message->task_count < UT_CRASH_TASK && crash->task[message->task_count] != '\0') {
        message->task[message->task_count] = crash->task[message->task_count];
        ++message->task_count;
    }
    for (size_t i = 0; i < UT_CRASH_REGISTERS; ++i) {
        message->registers[i] = crash->registers[i];
    }
    for (size_t i = 0; i < message->trace_count; ++i) {
        message->trace[i] = crash->trace[i];
    }
    return UT_KIND_CRASH;
}

static void add_bundle(const ut_image *image, struct ut_msg_identity *identity) {
    ut_text_hex(identity->bundle, image->bundle);
    ut_text_hex(identity->acoustic_sha256, image->networks[UT_ACOUSTIC].sha256);
    ut_text_hex(identity->keyword_sha256, image->networks[UT_KEYWORD].sha256);
    identity->bundle_count = identity->acoustic_sha256_count = identity->keyword_sha256_count = 64;
    identity->labels = (uint8_t)image->labels;
    identity->keywords = (uint8_t)image->keywords;
}

uint8_t ut_on_hello(ut_device *device, const struct ut_msg_hello *request, union ut_reply *reply) {
    const ut_build *const build = device->build;
    struct ut_msg_identity *const identity = &reply->identity;
    if (!device->greeted || request->session != device->session) {
        /* Sequence numbers start again with a new host: its requests must not meet old replies. */
        ut_device_forget(device);
        device->greeted = 1;
        device->session = request->session;
    }
    identity->session = request->session;
    identity->build_count = (uint8_t)ut_text_copy(identity->build, sizeof(identity->build), build->name);
    identity->evidence_count =
        (uint8_t)ut_text_copy(identity->evidence, sizeof(identity->evidence), build->evidence);
    identity->frontend_count =
        (uint8_t)ut_text_copy(identity->frontend, sizeof(identity->frontend), build->frontend_hash);
    identity->capabilities = ut_capabilities(device->port);
    identity->cycles_per_us = build->cycles_per_us;
    identity->window_samples = UT_WINDOW_SAMPLES;
    identity->hop_samples = UT_HOP_SAMPLES;
    identity->frames = UT_WINDOW_FRAMES;
    identity->channels = UT_CHANNELS;
    identity->chunk_samples = UT_CHUNK_SAMPLES;
    identity->chunks_in_flight = UT_CHUNKS_IN_FLIGHT;
    identity->segment_samples = UT_SEGMENT_SAMPLES;
    identity->slot = (uint8_t)device->slot; /* 255: none */
    const ut_health health = health_of(device);
    identity->reset_reason = health.reset_reason;
    identity->troubles = health.troubles;
    identity->bundle_count = identity->acoustic_sha256_count = identity->keyword_sha256_count = 0;
    identity->labels = identity->keywords = 0;
    if (device->slot >= 0) {
        add_bundle(&device->image, identity);
    }
    return UT_KIND_IDENTITY;
}

uint8_t ut_on_get_stats(ut_device *device, union ut_reply *reply) {
    const ut_port *const port = device->port;
    const ut_stats *const counted = &device->stats;
    struct ut_msg_stats *const stats = &reply->stats;
    ut_marks marks = {0, 0, 0, 0, 0};
    port->marks(port->context, &marks);
    stats->uptime_ms = port->milliseconds(port->context);
    stats->frames_good = counted->frames_good;
    stats->frames_bad = counted->frames_bad;
    stats->replies_repeated = counted->replies_repeated;
    stats->segments_scored = counted->segments_scored;
    stats->windows_scored = counted->windows_scored;
    stats->audio_gaps = counted->audio_gaps;
    stats->receive_overruns = marks.receive_overruns;
    stats->microphone_overruns = counted->microphone_overruns;
    stats->features_cycles = counted->features_cycles;
    stats->scaling_cycles = counted->scaling_cycles;
    stats->acoustic_cycles = counted->network_cycles[UT_ACOUSTIC];
    stats->keyword_cycles = counted->network_cycles[UT_KEYWORD];
    stats->fusion_cycles = counted->fusion_cycles;
    stats->longest_window_cycles = counted->longest_window_cycles;
    stats->receive_peak_bytes = marks.receive_peak_bytes;
    stats->ram_bytes = marks.ram_bytes;
    stats->ram_peak_bytes = marks.ram_peak_bytes;
    stats->stack_peak_bytes = marks.stack_peak_bytes;
    write_health(device, stats);
    return UT_KIND_STATS;
}

uint8_t ut_on_reset(ut_device *device, union ut_reply *reply) {
    (void)reply; /* it has no fields */
    ut_device_forget(device);
    return UT_KIND_RESET_DONE;
}
