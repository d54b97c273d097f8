/* Every whole frame is answered: by its reply, by a kept one, or by an error that says what was wrong. */
#include "server.h"

#include "capabilities.h"
#include "codec.h"
#include "protocol_dispatch.h"
#include "refusals.h"
#include "state.h"

static uint8_t answer(ut_device *device, const ut_frame *frame, union ut_reply *reply) {
    const ut_layout *const layout = ut_layout_of(frame->kind);
    union ut_request request;
    if (layout == 0 || layout->reply == 0) {
        return ut_refuse(reply, UT_ERROR_UNKNOWN_MESSAGE, "this device knows no request of number %",
                         frame->kind, 0);
    }
    if (ut_decode(layout, frame->payload, frame->count, &request) != 0) {
        return ut_refuse(reply, UT_ERROR_MALFORMED,
                         "the payload of request % does not match its layout (% bytes)", frame->kind,
                         (uint32_t)frame->count);
    }
    const uint16_t lacking = ut_needs(frame->kind) & (uint16_t)~ut_capabilities(device->port);
    return lacking != 0 ? ut_refuse_incapable(reply, lacking)
                        : ut_dispatch(device, frame->kind, &request, reply);
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
