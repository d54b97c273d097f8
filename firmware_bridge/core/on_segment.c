/* Requests about the host's segment. Rules and sentences: firmware_bridge/protocol/segment.py. */
#include "crc32.h"
#include "handlers.h"

/* Refuse a request about a segment that is not there; 0 where it is. */
static uint8_t refuse_missing(const ut_device *device, uint32_t number, union ut_reply *reply) {
    if (device->slot < 0) {
        return ut_refuse_no_bundle(reply);
    }
    if (!device->segment.begun || device->segment.number != number) {
        return ut_refuse(reply, UT_ERROR_NO_SEGMENT, "segment % was not begun", number, 0);
    }
    return 0;
}

static uint8_t refuse_incomplete(const ut_device *device, uint32_t number, union ut_reply *reply) {
    const ut_segment *const segment = &device->segment;
    const uint8_t refused = refuse_missing(device, number, reply);
    if (refused == 0 && segment->received < segment->samples) {
        return ut_refuse(reply, UT_ERROR_INCOMPLETE, "% of % samples came", segment->received,
                         segment->samples);
    }
    return refused;
}

uint8_t ut_on_begin(ut_device *device, const struct ut_msg_begin *request, union ut_reply *reply) {
    ut_segment *const segment = &device->segment;
    if (device->slot < 0) {
        return ut_refuse_no_bundle(reply);
    }
    if (request->samples > UT_SEGMENT_SAMPLES) {
        return ut_refuse(reply, UT_ERROR_TOO_LONG, "% samples; at most % fit", request->samples,
                         UT_SEGMENT_SAMPLES);
    }
    if (request->samples == 0) {
        return ut_refuse(reply, UT_ERROR_TOO_SHORT, "a segment without samples", 0, 0);
    }
    if (!segment->begun || segment->number != request->segment || segment->samples != request->samples) {
        if (device->listener.mode == UT_LISTEN_LIVE) {
            ut_listener_stop(&device->listener, device->port); /* there is one scorer: the segment takes it */
        }
        ut_segment_clear(segment);
        segment->begun = 1;
        segment->number = request->segment;
        segment->samples = request->samples;
        ut_scorer_start(&device->scorer, 0);
    }
    reply->ready.segment = segment->number;
    reply->ready.received = segment->received;
    return UT_KIND_READY;
}

uint8_t ut_on_audio(ut_device *device, const struct ut_msg_audio *request, union ut_reply *reply) {
    ut_segment *const segment = &device->segment;
    const uint32_t count = request->pcm_count;
    const uint8_t refused = refuse_missing(device, request->segment, reply);
    if (refused != 0) {
        return refused;
    }
    if (count > segment->samples || request->offset > segment->samples - count) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "audio at % runs past the end at %", request->offset,
                         segment->samples);
    }
    const int32_t in_order = request->offset == segment->received;
    if (in_order) {
        segment->checksum = ut_crc32(segment->checksum, (const uint8_t *)request->pcm, 2 * (size_t)count);
        segment->received += count;
        ++segment->unacknowledged;
        ut_scorer_push(&device->scorer, request->pcm, count);
    } else if (request->offset > segment->received) {
        ++device->stats.audio_gaps;
    }
    if (in_order && segment->received < segment->samples && segment->unacknowledged < UT_CHUNKS_PER_ACK) {
        return 0;
    }
    segment->unacknowledged = 0;
    reply->ack.segment = segment->number;
    reply->ack.received = segment->received;
    reply->ack.credit = UT_CHUNKS_IN_FLIGHT;
    return UT_KIND_ACK;
}

static void write_scores(const ut_image *image, const ut_scores *mean, struct ut_msg_result *result) {
    const ut_image_network *const acoustic = &image->networks[UT_ACOUSTIC];
    const ut_image_network *const keyword = &image->networks[UT_KEYWORD];
    result->acoustic_count = result->fused_count = (uint8_t)image->labels;
    result->keyword_count = (uint8_t)image->keywords;
    for (uint32_t i = 0; i < image->labels; ++i) {
        result->acoustic[i] = mean->acoustic[i];
        result->fused[i] = mean->fused[i];
    }
    for (uint32_t i = 0; i < image->keywords; ++i) {
        result->keyword[i] = mean->keyword[i];
    }
    result->acoustic_scale = acoustic->output_scale;
    result->acoustic_zero_point = acoustic->output_zero_point;
    result->keyword_scale = keyword->output_scale;
    result->keyword_zero_point = keyword->output_zero_point;
    result->fused_scale = image->fused_scale;
    result->fused_zero_point = image->fused_zero_point;
}

static void write_result(const ut_device *device, struct ut_msg_result *result) {
    const ut_cycles *const cycles = &device->scorer.cycles;
    ut_scores mean;
    ut_scorer_mean(&device->scorer, &mean);
    write_scores(&device->image, &mean, result);
    result->segment = device->segment.number;
    result->windows = (uint16_t)device->scorer.windows;
    result->features_cycles = cycles->features;
    result->tail_cycles = cycles->tail;
    result->scaling_cycles = cycles->scaling;
    result->acoustic_cycles = cycles->network[UT_ACOUSTIC];
    result->keyword_cycles = cycles->network[UT_KEYWORD];
    result->fusion_cycles = cycles->fusion;
}

uint8_t ut_on_end(ut_device *device, const struct ut_msg_end *request, union ut_reply *reply) {
    ut_segment *const segment = &device->segment;
    const uint8_t refused = refuse_incomplete(device, request->segment, reply);
    if (refused != 0) {
        return refused;
    }
    if (segment->checksum != request->checksum) {
        ut_segment_clear(segment);
        return ut_refuse(reply, UT_ERROR_WRONG_CHECKSUM,
                         "the samples do not match their checksum; send them again", 0, 0);
    }
    ut_scorer_pad(&device->scorer);
    if (device->scorer.failed) {
        return ut_refuse_failed(&device->recovery, reply);
    }
    if (!segment->ended) {
        write_result(device, &segment->result);
        segment->ended = 1;
        ++device->stats.segments_scored;
    }
    ut_marks marks = {0, 0, 0, 0, 0};
    device->port->marks(device->port->context, &marks);
    reply->result = segment->result;
    reply->result.ram_peak_bytes = marks.ram_peak_bytes;
    reply->result.stack_peak_bytes = marks.stack_peak_bytes;
    return UT_KIND_RESULT;
}

uint8_t ut_on_get_features(ut_device *device, const struct ut_msg_get_features *request,
                           union ut_reply *reply) {
    struct ut_msg_features *const part = &reply->features;
    const uint32_t most = (uint32_t)(sizeof(part->values) / sizeof(part->values[0]) / UT_CHANNELS);
    const uint8_t refused = refuse_incomplete(device, request->segment, reply);
    if (refused != 0) {
        return refused;
    }
    ut_scorer_pad(&device->scorer);
    if (request->window >= device->scorer.windows) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "window % of %", request->window,
                         device->scorer.windows);
    }
    if (request->first_frame >= UT_WINDOW_FRAMES) {
        return ut_refuse(reply, UT_ERROR_OUT_OF_RANGE, "frame % of %", request->first_frame,
                         UT_WINDOW_FRAMES);
    }
    const uint32_t left = UT_WINDOW_FRAMES - request->first_frame, frames = left < most ? left : most;
    const size_t first = (size_t)request->window * UT_HOP_FRAMES + request->first_frame;
    const uint16_t *const from = device->memory->features + first * UT_CHANNELS;
    for (size_t i = 0; i < (size_t)frames * UT_CHANNELS; ++i) {
        part->values[i] = from[i];
    }
    part->segment = request->segment;
    part->window = request->window;
    part->first_frame = request->first_frame;
    part->frames_in_window = UT_WINDOW_FRAMES;
    part->values_count = (uint16_t)(frames * UT_CHANNELS);
    return UT_KIND_FEATURES;
}
