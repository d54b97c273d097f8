/* Inputs. A stream of random bytes would never pass the checksum, so most inputs are frames of our own
 * making: the request that leads on from where the device is, or any other, then perhaps damaged on the way.
 */
#include <string.h>

#include "codec.h"
#include "fuzz.h"
#include "protocol_dispatch.h"

/* Most numbers are small, some are at an end of their range. */
static uint32_t number(fuzz_dice *dice, uint32_t usual) {
    static const uint32_t ends[] = {0u,          1u,          0x7FFFFFFFu, 0x80000000u,
                                    0xFFFFFFFEu, 0xFFFFFFFFu, 960000u,     960001u};
    return fuzz_roll(dice, 8) == 0 ? ends[fuzz_roll(dice, 8)] : fuzz_roll(dice, usual);
}

static uint8_t segment_step(fuzz_host *host, const ut_segment *segment, union ut_request *request) {
    fuzz_dice *const dice = &host->dice;
    if (!segment->begun || segment->ended) {
        request->begin.segment = number(dice, 4);
        request->begin.samples = number(dice, fuzz_roll(dice, 20) == 0 ? 20000 : 2500);
        return UT_KIND_BEGIN;
    }
    if (segment->received == segment->samples) {
        request->end.segment = segment->number;
        request->end.checksum = segment->checksum + (fuzz_roll(dice, 8) == 0);
        return UT_KIND_END;
    }
    const uint32_t left = segment->samples - segment->received;
    const uint32_t count = 1 + fuzz_roll(dice, UT_CHUNK_SAMPLES);
    request->audio.segment = segment->number;
    request->audio.offset = segment->received + (fuzz_roll(dice, 20) == 0 ? fuzz_roll(dice, 100) : 0);
    request->audio.pcm_count = (uint16_t)(count < left || fuzz_roll(dice, 30) == 0 ? count : left);
    for (uint32_t i = 0; i < request->audio.pcm_count; ++i) {
        request->audio.pcm[i] = (int16_t)(uint16_t)(dice->state >> (i & 31u));
    }
    return UT_KIND_AUDIO;
}

static uint8_t image_byte(const fuzz_host *host, uint32_t at) {
    return (uint8_t)(host->image[at % host->image_bytes] ^ (at == host->flipped ? 1u : 0u));
}

static void announce(fuzz_host *host, struct ut_msg_update_begin *begin) {
    fuzz_dice *const dice = &host->dice;
    ut_sha256 sha;
    host->flipped = fuzz_roll(dice, 3) == 0 ? fuzz_roll(dice, host->image_bytes) : host->image_bytes;
    begin->bytes = fuzz_roll(dice, 6) == 0 ? number(dice, 20000) : host->image_bytes;
    begin->sha256_count = (uint8_t)(fuzz_roll(dice, 30) == 0 ? fuzz_roll(dice, 33) : 32);
    ut_sha256_start(&sha);
    for (uint32_t at = 0; at < begin->bytes && at < FUZZ_SLOT_BYTES; ++at) {
        const uint8_t byte = image_byte(host, at);
        ut_sha256_take(&sha, &byte, 1);
    }
    ut_sha256_end(&sha, begin->sha256);
    begin->sha256[0] ^= (uint8_t)(fuzz_roll(dice, 20) == 0);
}

static uint8_t update_step(fuzz_host *host, const ut_update *update, union ut_request *request) {
    fuzz_dice *const dice = &host->dice;
    if (!update->begun) {
        announce(host, &request->update_begin);
        return UT_KIND_UPDATE_BEGIN;
    }
    if (update->received == update->bytes) {
        return UT_KIND_UPDATE_END;
    }
    struct ut_msg_update_data *const data = &request->update_data;
    const uint32_t left = update->bytes - update->received, most = sizeof(data->data);
    const uint32_t count = fuzz_roll(dice, 4) == 0 ? fuzz_roll(dice, most + 1) : most;
    data->offset = update->received + (fuzz_roll(dice, 20) == 0 ? fuzz_roll(dice, 100) : 0);
    data->data_count = (uint16_t)(count < left || fuzz_roll(dice, 30) == 0 ? count : left);
    for (uint32_t i = 0; i < data->data_count; ++i) {
        data->data[i] = image_byte(host, data->offset + i);
    }
    return UT_KIND_UPDATE_DATA;
}

/* Any request of the table with any fields: what is added to the table is tried without a word here. */
static uint8_t any_request(fuzz_dice *dice, union ut_request *request) {
    const ut_layout *const layout = ut_layout_of(ut_request_kinds[fuzz_roll(dice, UT_REQUESTS)]);
    uint8_t *const message = (uint8_t *)request;
    for (size_t i = 0; i < layout->count; ++i) {
        const ut_field *const field = &layout->fields[i];
        uint32_t elements = 1;
        if (field->most > 0) {
            elements = fuzz_roll(dice, field->most + 1u);
            memcpy(message + field->count_offset, &elements, field->count_size);
        }
        for (uint32_t at = 0; at < elements; ++at) {
            const uint32_t value = number(dice, 300);
            memcpy(message + field->offset + at * field->size, &value, field->size);
        }
    }
    return layout->kind;
}

/* A request that makes sense, or one of a known kind with any fields. */
static uint8_t sensible(fuzz_host *host, const ut_device *device, union ut_request *request) {
    fuzz_dice *const dice = &host->dice;
    const uint32_t what = fuzz_roll(dice, 100);
    if (what < 50) {
        return segment_step(host, &device->segment, request);
    }
    if (what < 65) {
        return update_step(host, &device->update, request);
    }
    if (what < 75) {
        const int32_t right = device->segment.begun && fuzz_roll(dice, 4) > 0;
        request->get_features.segment = right ? device->segment.number : number(dice, 4);
        request->get_features.window = (uint16_t)number(dice, 4);
        request->get_features.first_frame = (uint16_t)number(dice, UT_WINDOW_FRAMES + 2);
        return UT_KIND_GET_FEATURES;
    }
    if (what < 80) {
        request->hello.session = number(dice, fuzz_roll(dice, 8) == 0 ? 3 : 1);
        return UT_KIND_HELLO;
    }
    if (what < 85) {
        request->listen.mode = (uint8_t)number(dice, 4);
        return UT_KIND_LISTEN;
    }
    if (what < (device->listener.mode == UT_LISTEN_CAPTURE ? 90u : 86u)) {
        request->get_capture.offset = number(dice, device->listener.captured % 100000u + 2u);
        return UT_KIND_GET_CAPTURE;
    }
    if (what < 96) {
        return device->listener.mode == UT_LISTEN_LIVE || fuzz_roll(dice, 4) == 0 ? UT_KIND_GET_LIVE
                                                                                  : UT_KIND_GET_STATS;
    }
    return any_request(dice, request);
}

static size_t framed(fuzz_host *host, const ut_device *device, uint8_t *bytes) {
    fuzz_dice *const dice = &host->dice;
    union ut_request request;
    uint8_t payload[UT_PAYLOAD_BYTES];
    ut_frame frame = {UT_PROTOCOL_VERSION, 0, 0, payload, 0};
    memset(&request, 0, sizeof request);
    frame.kind = sensible(host, device, &request);
    frame.sequence = (uint16_t)fuzz_roll(dice, fuzz_roll(dice, 8) == 0 ? 4 : 65536);
    frame.count = ut_encode(ut_layout_of(frame.kind), &request, payload);
    if (fuzz_roll(dice, 10) == 0) { /* a whole frame whose payload is wrong */
        frame.count = fuzz_roll(dice, fuzz_roll(dice, 4) == 0 ? UT_PAYLOAD_BYTES + 1 : 80);
        for (size_t i = 0; i < frame.count; ++i) {
            /* cppcheck-suppress unreadVariable ; the frame points to it */
            payload[i] = (uint8_t)fuzz_roll(dice, 256);
        }
        frame.kind = fuzz_roll(dice, 2) == 0 ? (uint8_t)fuzz_roll(dice, 256) : (uint8_t)fuzz_roll(dice, 16);
    }
    frame.version = (uint8_t)(fuzz_roll(dice, 40) == 0 ? fuzz_roll(dice, 256) : UT_PROTOCOL_VERSION);
    return ut_frame_encode(&frame, bytes);
}

static size_t damaged(fuzz_dice *dice, uint8_t *bytes, size_t count) {
    const uint32_t at = fuzz_roll(dice, (uint32_t)count);
    switch (fuzz_roll(dice, 6)) {
    case 0: /* some bits */
        for (uint32_t flips = 1 + fuzz_roll(dice, 4); flips > 0; --flips) {
            bytes[fuzz_roll(dice, (uint32_t)count)] ^= (uint8_t)(1u << fuzz_roll(dice, 8));
        }
        return count;
    case 1: /* the end is missing, so the next frame runs on */
        return at;
    case 2: /* one byte too few */
        memmove(bytes + at, bytes + at + 1, count - at - 1);
        return count - 1;
    case 3: /* one byte too many */
        memmove(bytes + at + 1, bytes + at, count - at);
        bytes[at] = (uint8_t)fuzz_roll(dice, 256);
        return count + 1;
    case 4: /* a byte is another, often one that COBS or a count reads */
        bytes[at] = (uint8_t)(fuzz_roll(dice, 2) == 0 ? fuzz_roll(dice, 3) * 127u : fuzz_roll(dice, 256));
        return count;
    default: /* twice */
        memcpy(bytes + count, bytes, count);
        return 2 * count;
    }
}

static size_t noise(fuzz_dice *dice, uint8_t *bytes) {
    const uint32_t count = 1 + fuzz_roll(dice, fuzz_roll(dice, 16) == 0 ? FUZZ_MOST_BYTES : 60);
    const uint32_t fill = fuzz_roll(dice, 3);
    for (uint32_t i = 0; i < count; ++i) {
        bytes[i] = fill == 0   ? (uint8_t)fuzz_roll(dice, 256)
                   : fill == 1 ? 0xFF
                               : (uint8_t)(1 + fuzz_roll(dice, 4));
    }
    return count;
}

size_t fuzz_next(fuzz_host *host, const ut_device *device, uint8_t *bytes) {
    fuzz_dice *const dice = &host->dice;
    const uint32_t how = fuzz_roll(dice, 100);
    size_t count = 0;
    if (how < 5 && host->last_count > 0) { /* the same once more */
        memcpy(bytes, host->last, host->last_count);
        return host->last_count;
    }
    if (how < 10) {
        count = noise(dice, bytes);
    } else {
        count = framed(host, device, bytes);
        if (how < 35) {
            count = damaged(dice, bytes, count);
        }
    }
    memcpy(host->last, bytes, count);
    host->last_count = count;
    return count;
}
