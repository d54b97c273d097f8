/* Made from protocol.toml by firmware_bridge.protocol.c_dispatch: do not edit. */
#ifndef UNDERTONE_PROTOCOL_DISPATCH_H
#define UNDERTONE_PROTOCOL_DISPATCH_H

#include "protocol.h"

#define UT_REQUESTS 14u

struct ut_device;

/* The kinds of all requests, in the table's order. */
extern const uint8_t ut_request_kinds[UT_REQUESTS];

/* What a device must be able to do for a request: a bit of ut_capability, or 0. */
uint16_t ut_needs(uint8_t kind);

/* Call the handler of a request; 0 where the kind is none. */
uint8_t ut_dispatch(struct ut_device *device, uint8_t kind, const union ut_request *request, union ut_reply *reply);

#endif
