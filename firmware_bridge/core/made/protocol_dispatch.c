/* Made from protocol.toml by firmware_bridge.protocol.c_dispatch: do not edit. */
#include "protocol_dispatch.h"

#include <stddef.h>

#include "protocol_handlers.h"

static uint8_t call_hello(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_hello(device, &request->hello, reply);
}

static uint8_t call_begin(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_begin(device, &request->begin, reply);
}

static uint8_t call_audio(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_audio(device, &request->audio, reply);
}

static uint8_t call_end(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_end(device, &request->end, reply);
}

static uint8_t call_get_features(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_get_features(device, &request->get_features, reply);
}

static uint8_t call_get_stats(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    (void)request;
    return ut_on_get_stats(device, reply);
}

static uint8_t call_reset(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    (void)request;
    return ut_on_reset(device, reply);
}

static uint8_t call_listen(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_listen(device, &request->listen, reply);
}

static uint8_t call_get_live(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    (void)request;
    return ut_on_get_live(device, reply);
}

static uint8_t call_get_capture(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_get_capture(device, &request->get_capture, reply);
}

static uint8_t call_update_begin(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_update_begin(device, &request->update_begin, reply);
}

static uint8_t call_update_data(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    return ut_on_update_data(device, &request->update_data, reply);
}

static uint8_t call_update_end(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    (void)request;
    return ut_on_update_end(device, reply);
}

static uint8_t call_get_crash(struct ut_device *device, const union ut_request *request,
                    union ut_reply *reply) {
    (void)request;
    return ut_on_get_crash(device, reply);
}

typedef struct {
    uint8_t (*handle)(struct ut_device *, const union ut_request *, union ut_reply *);
    uint8_t kind;
    uint16_t needs;
} entry;

const uint8_t ut_request_kinds[UT_REQUESTS] = {
    UT_KIND_HELLO,
    UT_KIND_BEGIN,
    UT_KIND_AUDIO,
    UT_KIND_END,
    UT_KIND_GET_FEATURES,
    UT_KIND_GET_STATS,
    UT_KIND_RESET,
    UT_KIND_LISTEN,
    UT_KIND_GET_LIVE,
    UT_KIND_GET_CAPTURE,
    UT_KIND_UPDATE_BEGIN,
    UT_KIND_UPDATE_DATA,
    UT_KIND_UPDATE_END,
    UT_KIND_GET_CRASH,
};

static const entry entries[UT_REQUESTS] = {
    {call_hello, UT_KIND_HELLO, 0},
    {call_begin, UT_KIND_BEGIN, 0},
    {call_audio, UT_KIND_AUDIO, 0},
    {call_end, UT_KIND_END, 0},
    {call_get_features, UT_KIND_GET_FEATURES, 0},
    {call_get_stats, UT_KIND_GET_STATS, 0},
    {call_reset, UT_KIND_RESET, 0},
    {call_listen, UT_KIND_LISTEN, UT_CAN_LIVE},
    {call_get_live, UT_KIND_GET_LIVE, UT_CAN_LIVE},
    {call_get_capture, UT_KIND_GET_CAPTURE, UT_CAN_LIVE},
    {call_update_begin, UT_KIND_UPDATE_BEGIN, UT_CAN_UPDATE},
    {call_update_data, UT_KIND_UPDATE_DATA, UT_CAN_UPDATE},
    {call_update_end, UT_KIND_UPDATE_END, UT_CAN_UPDATE},
    {call_get_crash, UT_KIND_GET_CRASH, 0},
};

static const entry *entry_of(uint8_t kind) {
    for (size_t i = 0; i < UT_REQUESTS; ++i) {
        if (entries[i].kind == kind) {
            return &entries[i];
        }
    }
    return 0;
}

uint16_t ut_needs(uint8_t kind) {
    const entry *const found = entry_of(kind);
    return found != 0 ? found->needs : (uint16_t)0;
}

uint8_t ut_dispatch(struct ut_device *device, uint8_t kind, const union ut_request *request,
                    union ut_reply *reply) {
    const entry *const found = entry_of(kind);
    return found != 0 ? found->handle(device, request, reply) : (uint8_t)0;
}
