/* An image comes in order into the slot that is not in use, is verified, tried, and only then enabled. */
#include "bytes.h"
#include "handlers.h"
#include "slots.h"
#include "use.h"

/* The slot that holds nothing which is in use, or would be after a restart. */
static int32_t free_slot(ut_device *device) {
    int32_t order[3];
    ut_slots_order(device->port, order);
    return device->slot >= 0 ? 1 - device->slot : order[1];
}

uint8_t ut_on_update_begin(ut_device *device, const struct ut_msg_update_begin *request,
                           union ut_reply *reply) {
    ut_update *const update = &device->update;
    const ut_port *const port = device->port;
    if (request->sha256_count != sizeof update->sha256) {
        return ut_refuse(reply, UT_ERROR_MALFORMED, "a SHA-256 of % bytes", request->sha256_count, 0);
    }
    if (request->bytes > device->build->slot_bytes) {
        return ut_refuse(reply, UT_ERROR_DOES_NOT_FIT, "an image of % bytes; a slot has %", request->bytes,
                         device->build->slot_bytes);
    }
    if (!update->begun || update->bytes != request->bytes ||
        !ut_bytes_equal(update->sha256, request->sha256, sizeof update->sha256)) {
        update->begun = 0;
        update->slot = free_slot(device);
        update->bytes = request->bytes;
        update->received = 0;
        ut_bytes_copy(update->sha256, request->sha256, sizeof update->sha256);
        ut_sha256_start(&update->sha);
        if (port->flash_erase(port->context, (uint32_t)update->slot) != 0) {
            return ut_refuse_update(reply, UT_ERROR_STORAGE_FAILED);
        }
        update->begun = 1;
    }
    reply->update_ready.slot = (uint8_t)update->slot;
    reply->update_ready.received = update->received;
    return UT_KIND_UPDATE_READY;
}

/* Program the page that is being filled, as far as it is. */
static int32_t program(ut_device *device, size_t count) {
    const ut_port *const port = device->port;
    const uint32_t at = device->update.received - (uint32_t)count;
    return port->flash_program(port->context, (uint32_t)device->update.slot, at, device->update.page, count);
}

/* Take bytes that are the next ones. Returns 0, or anything else if flash did not take them. */
static int32_t take(ut_device *device, const uint8_t *bytes, size_t count) {
    ut_update *const update = &device->update;
    ut_sha256_take(&update->sha, bytes, count);
    while (count > 0) {
        const size_t held = update->received % UT_FLASH_PAGE;
        const size_t room = UT_FLASH_PAGE - held;
        const size_t now = count < room ? count : room;
        ut_bytes_copy(update->page + held, bytes, now);
        update->received += (uint32_t)now;
        bytes += now;
        count -= now;
        if (now == room && program(device, UT_FLASH_PAGE) != 0) {
            return 1;
        }
    }
    return 0;
}

uint8_t ut_on_update_data(ut_device *device, const struct ut_msg_update_data *request,
                          union ut_reply *reply) {
    ut_update *const update = &device->update;
    if (!update->begun) {
        return ut_refuse_update(reply, UT_ERROR_NO_UPDATE);
    }
    if (request->offset > update->bytes || request->data_count > update->bytes - request->offset) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "data at % goes beyond the image of % bytes",
                         request->offset, update->bytes);
    }
    if (request->offset == update->received && take(device, request->data, request->data_count) != 0) {
        update->begun = 0;
        return ut_refuse_update(reply, UT_ERROR_STORAGE_FAILED);
    }
    reply->update_ack.received = update->received;
    return UT_KIND_UPDATE_ACK;
}

/* Check what lies in the slot: all bytes came as announced, and flash gives back a whole image. */
static int32_t check(ut_device *device) {
    ut_update *const update = &device->update;
    ut_image image;
    uint8_t digest[32];
    const size_t held = update->received % UT_FLASH_PAGE;
    if (held > 0 && program(device, held) != 0) {
        return UT_ERROR_STORAGE_FAILED;
    }
    ut_sha256_end(&update->sha, digest);
    if (!ut_bytes_equal(digest, update->sha256, sizeof digest)) {
        return UT_ERROR_WRONG_HASH;
    }
    const int32_t code =
        ut_image_open(device->port, device->build, device->memory->models_bytes, update->slot, &image);
    if (code != 0 || image.bytes != update->bytes) {
        return code != 0 ? code : UT_ERROR_WRONG_HASH;
    }
    return ut_image_verify(device->port, update->slot, &image, 0);
}

/* Run the new bundle, and enable it where it runs; else go back to the one before. A cut of power between
 * the two brings back the old one, as any before does. */
static int32_t exchange(ut_device *device) {
    const int32_t before = device->slot, slot = device->update.slot;
    int32_t code = ut_device_use(device, slot);
    if (code == 0) {
        code = ut_slots_enable(device->port, slot);
    }
    if (code != 0 && before >= 0) {
        (void)ut_device_use(device, before); /* it ran until now; if it does not, the device has no bundle */
    }
    return code;
}

uint8_t ut_on_update_end(ut_device *device, union ut_reply *reply) {
    ut_update *const update = &device->update;
    if (!update->begun) {
        return ut_refuse_update(reply, UT_ERROR_NO_UPDATE);
    }
    if (update->received < update->bytes) {
        return ut_refuse(reply, UT_ERROR_INCOMPLETE, "% of % bytes came", update->received, update->bytes);
    }
    update->begun = 0;
    int32_t code = check(device);
    if (code == 0) {
        code = exchange(device);
    }
    if (code != 0) {
        return ut_refuse_update(reply, code);
    }
    reply->update_done.slot = (uint8_t)device->slot;
    reply->update_done.bundle_count = 64;
    ut_text_hex(reply->update_done.bundle, device->image.bundle);
    return UT_KIND_UPDATE_DONE;
}
