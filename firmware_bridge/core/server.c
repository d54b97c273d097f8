/* Every whole frame is answered: by its reply, by a kept one, or by an error that says what was wrong. */
#include "server.h"

#include "codec.h"
#include "handlers.h"
#include "protocol_dispatch.h"

uint16_t ut_capabilities(const ut_port *port) {
    const int32_t flash = port->flash_read != 0 && port->flash_erase != 0 && port->flash_program != 0;
    const int32_t microphone = port->microphone != 0;
    return (uint16_t)((flash ? UT_CAN_UPDATE : 0) | (microphone ? UT_CAN_LIVE | UT_CAN_CAPTURE : 0));
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
    const ut_health health = ut_health_of(device);
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
    ut_write_health(device, stats);
    return UT_KIND_STATS;
}

uint8_t ut_on_reset(ut_device *device, union ut_reply *reply) {
    (void)reply; /* it has no fields */
    ut_device_forget(device);
    return UT_KIND_RESET_DONE;
}

/* Refuse what this port has not got; 0 where it has. */
static uint8_t refuse_incapable(const ut_device *device, uint8_t kind, union ut_reply *reply) {
    const uint16_t lacking = ut_needs(kind) & (uint16_t)~ut_capabilities(device->port);
    if (lacking == 0) {
        return 0;
    }
    return ut_refuse(reply, UT_ERROR_NOT_CAPABLE,
                     lacking == UT_CAN_UPDATE ? "this device has no flash to update" : "this device has no microphone",
                     0, 0);
}

static uint8_t answer(ut_device *device, const ut_frame *frame, union ut_reply *reply) {
    const ut_layout *const layout = ut_layout_of(frame->kind);
    union ut_request request;
    if (layout == 0 || layout->reply == 0) {
        return ut_refuse(reply, UT_ERROR_UNKNOWN_MESSAGE, "this device knows no request of number %",
                         frame->kind, 0);
    }
    if (ut_decode(layout, frame->payload, frame->count, &request) != 0) {
        return ut_refuse(reply, UT_ERROR_MALFORMED, "the payload of request % does not match its layout (% bytes)",
                         frame->kind, (uint32_t)frame->count);
    }
    const uint8_t refused = refuse_incapable(device, frame->kind, reply);
    return refused != 0 ? refused : ut_dispatch(device, frame->kind, &request, reply);
}

/* Send a reply; return its length on the wire. */
static size_t send(const ut_device *device, uint16_t sequence, uint8_t kind, const union ut_reply *reply,
                   uint8_t *wire) {
    uint8_t payload[UT_PAYLOAD_BYTES];
    ut_frame frame = {UT_PROTOCOL_VERSION, kind, sequence, payload, 0};
    frame.count = ut_encode(ut_layout_of(kind), reply, payload);
    const size_t count = ut_frame_encode(&frame, wire);
    device->port->send(device->port->context, wire, count);
    return count;
}

void ut_serve(ut_device *device, const ut_frame *request) {
    uint8_t wire[UT_FRAME_MOST_ENCODED + 1u];
    union ut_reply reply;
    ++device->stats.frames_good;
    const ut_reply_kept *const kept = ut_replies_find(&device->replies, request);
    if (kept != 0) {
        ++device->stats.replies_repeated;
        device->port->send(device->port->context, kept->wire, kept->wire_count);
        return;
    }
    const uint8_t kind = answer(device, request, &reply);
    if (kind == 0) {
        return;
    }
    if (kind == UT_KIND_ERROR) {
        reply.error.request = request->kind;
    }
    const size_t count = send(device, request->sequence, kind, &reply, wire);
    if (request->kind != UT_KIND_AUDIO) {
        ut_replies_keep(&device->replies, request, wire, count);
    }
}

void ut_serve_fault(ut_device *device, const ut_frame *request, enum ut_fault fault) {
    ++device->stats.frames_bad;
    if (fault != UT_FAULT_VERSION) {
        return; /* the host notices by the missing reply and asks again */
    }
    uint8_t wire[UT_FRAME_MOST_ENCODED + 1u];
    union ut_reply reply;
    (void)ut_refuse(&reply, UT_ERROR_BAD_VERSION, "this device speaks version % of the protocol, not %",
                    UT_PROTOCOL_VERSION, request->version);
    (void)send(device, request->sequence, UT_KIND_ERROR, &reply, wire);
}
