/* The device's side of the conversation: one frame in, at most one out. Rules:
 * firmware_bridge/protocol/server.py. */
#ifndef UNDERTONE_SERVER_H
#define UNDERTONE_SERVER_H

#include "framing.h"

struct ut_device;

/* Answer a whole frame. */
void ut_serve(struct ut_device *device, const ut_frame *request);

/* Answer bytes that were not a frame of this version. */
void ut_serve_fault(struct ut_device *device, const ut_frame *request, enum ut_fault fault);

#endif
