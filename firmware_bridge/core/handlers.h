/* What answers each request. A handler fills *reply and returns its kind; UT_KIND_ERROR after ut_refuse;
 * or 0 where no reply is due yet. The payload was checked against protocol.toml before. */
#ifndef UNDERTONE_HANDLERS_H
#define UNDERTONE_HANDLERS_H

#include "device.h"
#include "text.h"

union ut_reply {
    struct ut_msg_identity identity;
    struct ut_msg_ready ready;
    struct ut_msg_ack ack;
    struct ut_msg_result result;
    struct ut_msg_features features;
    struct ut_msg_stats stats;
    struct ut_msg_listening listening;
    struct ut_msg_live live;
    struct ut_msg_captured captured;
    struct ut_msg_update_ready update_ready;
    struct ut_msg_update_ack update_ack;
    struct ut_msg_update_done update_done;
    struct ut_msg_crash crash;
    struct ut_msg_error error;
};

/* health.c */
ut_health ut_health_of(const ut_device *device);
void ut_write_health(const ut_device *device, struct ut_msg_stats *stats);
uint8_t ut_on_get_crash(const ut_device *device, union ut_reply *reply);

/* segment.c */
uint8_t ut_on_begin(ut_device *device, const struct ut_msg_begin *request, union ut_reply *reply);
uint8_t ut_on_audio(ut_device *device, const struct ut_msg_audio *request, union ut_reply *reply);
uint8_t ut_on_end(ut_device *device, const struct ut_msg_end *request, union ut_reply *reply);
uint8_t ut_on_get_features(ut_device *device, const struct ut_msg_get_features *request, union ut_reply *reply);

/* listener.c */
uint8_t ut_on_listen(ut_device *device, const struct ut_msg_listen *request, union ut_reply *reply);
uint8_t ut_on_get_live(ut_device *device, union ut_reply *reply);
uint8_t ut_on_get_capture(ut_device *device, const struct ut_msg_get_capture *request, union ut_reply *reply);

/* update.c */
uint8_t ut_on_update_begin(ut_device *device, const struct ut_msg_update_begin *request, union ut_reply *reply);
uint8_t ut_on_update_data(ut_device *device, const struct ut_msg_update_data *request, union ut_reply *reply);
uint8_t ut_on_update_end(ut_device *device, union ut_reply *reply);

#endif
