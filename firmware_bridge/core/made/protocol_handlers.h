/* Made from protocol.toml by firmware_bridge.protocol.c_dispatch: do not edit. */
#ifndef UNDERTONE_PROTOCOL_HANDLERS_H
#define UNDERTONE_PROTOCOL_HANDLERS_H

#include "protocol.h"

struct ut_device;

/* A handler fills *reply and returns its kind; UT_KIND_ERROR after a refusal; or 0 where no reply is due
 * yet. The payload was checked against the table before. */
uint8_t ut_on_hello(struct ut_device *device, const struct ut_msg_hello *request, union ut_reply *reply);
uint8_t ut_on_begin(struct ut_device *device, const struct ut_msg_begin *request, union ut_reply *reply);
uint8_t ut_on_audio(struct ut_device *device, const struct ut_msg_audio *request, union ut_reply *reply);
uint8_t ut_on_end(struct ut_device *device, const struct ut_msg_end *request, union ut_reply *reply);
uint8_t ut_on_get_features(struct ut_device *device, const struct ut_msg_get_features *request, union ut_reply *reply);
uint8_t ut_on_get_stats(struct ut_device *device, union ut_reply *reply);
uint8_t ut_on_reset(struct ut_device *device, union ut_reply *reply);
uint8_t ut_on_listen(struct ut_device *device, const struct ut_msg_listen *request, union ut_reply *reply);
uint8_t ut_on_get_live(struct ut_device *device, union ut_reply *reply);
uint8_t ut_on_get_capture(struct ut_device *device, const struct ut_msg_get_capture *request, union ut_reply *reply);
uint8_t ut_on_update_begin(struct ut_device *device, const struct ut_msg_update_begin *request, union ut_reply *reply);
uint8_t ut_on_update_data(struct ut_device *device, const struct ut_msg_update_data *request, union ut_reply *reply);
uint8_t ut_on_update_end(struct ut_device *device, union ut_reply *reply);
uint8_t ut_on_get_crash(struct ut_device *device, union ut_reply *reply);

#endif
