/* Made from protocol.toml by firmware_bridge.protocol.c_layout: do not edit. */
#include "protocol_layout.h"

#include <stddef.h>

static const ut_field hello_fields[] = {
    {offsetof(struct ut_msg_hello, session), 0, 0, 4, 0, 0},
};

static const ut_field begin_fields[] = {
    {offsetof(struct ut_msg_begin, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_begin, samples), 0, 0, 4, 0, 0},
};

static const ut_field audio_fields[] = {
    {offsetof(struct ut_msg_audio, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_audio, offset), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_audio, pcm), offsetof(struct ut_msg_audio, pcm_count), 480, 2, 2, 0},
};

static const ut_field end_fields[] = {
    {offsetof(struct ut_msg_end, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_end, checksum), 0, 0, 4, 0, 0},
};

static const ut_field get_features_fields[] = {
    {offsetof(struct ut_msg_get_features, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_get_features, window), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_get_features, first_frame), 0, 0, 2, 0, 0},
};

static const ut_field listen_fields[] = {
    {offsetof(struct ut_msg_listen, mode), 0, 0, 1, 0, 0},
};

static const ut_field get_capture_fields[] = {
    {offsetof(struct ut_msg_get_capture, offset), 0, 0, 4, 0, 0},
};

static const ut_field update_begin_fields[] = {
    {offsetof(struct ut_msg_update_begin, bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_update_begin, sha256), offsetof(struct ut_msg_update_begin, sha256_count), 32, 1, 1, 0},
};

static const ut_field update_data_fields[] = {
    {offsetof(struct ut_msg_update_data, offset), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_update_data, data), offsetof(struct ut_msg_update_data, data_count), 960, 1, 2, 0},
};

static const ut_field identity_fields[] = {
    {offsetof(struct ut_msg_identity, session), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_identity, build), offsetof(struct ut_msg_identity, build_count), 64, 1, 1, 1},
    {offsetof(struct ut_msg_identity, bundle), offsetof(struct ut_msg_identity, bundle_count), 64, 1, 1, 1},
    {offsetof(struct ut_msg_identity, frontend), offsetof(struct ut_msg_identity, frontend_count), 64, 1, 1, 1},
    {offsetof(struct ut_msg_identity, acoustic_sha256), offsetof(struct ut_msg_identity, acoustic_sha256_count), 64, 1, 1, 1},
    {offsetof(struct ut_msg_identity, keyword_sha256), offsetof(struct ut_msg_identity, keyword_sha256_count), 64, 1, 1, 1},
    {offsetof(struct ut_msg_identity, evidence), offsetof(struct ut_msg_identity, evidence_count), 16, 1, 1, 1},
    {offsetof(struct ut_msg_identity, capabilities), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_identity, slot), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_identity, cycles_per_us), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_identity, labels), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_identity, keywords), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_identity, window_samples), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_identity, hop_samples), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_identity, frames), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_identity, channels), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_identity, chunk_samples), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_identity, chunks_in_flight), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_identity, segment_samples), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_identity, reset_reason), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_identity, troubles), 0, 0, 1, 0, 0},
};

static const ut_field ready_fields[] = {
    {offsetof(struct ut_msg_ready, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_ready, received), 0, 0, 4, 0, 0},
};

static const ut_field ack_fields[] = {
    {offsetof(struct ut_msg_ack, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_ack, received), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_ack, credit), 0, 0, 1, 0, 0},
};

static const ut_field result_fields[] = {
    {offsetof(struct ut_msg_result, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, windows), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_result, acoustic), offsetof(struct ut_msg_result, acoustic_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_result, keyword), offsetof(struct ut_msg_result, keyword_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_result, fused), offsetof(struct ut_msg_result, fused_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_result, acoustic_scale), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, acoustic_zero_point), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_result, keyword_scale), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, keyword_zero_point), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_result, fused_scale), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, fused_zero_point), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_result, features_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, tail_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, scaling_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, acoustic_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, keyword_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, fusion_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, ram_peak_bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_result, stack_peak_bytes), 0, 0, 4, 0, 0},
};

static const ut_field features_fields[] = {
    {offsetof(struct ut_msg_features, segment), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_features, window), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_features, first_frame), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_features, frames_in_window), 0, 0, 2, 0, 0},
    {offsetof(struct ut_msg_features, values), offsetof(struct ut_msg_features, values_count), 500, 2, 2, 0},
};

static const ut_field stats_fields[] = {
    {offsetof(struct ut_msg_stats, uptime_ms), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, frames_good), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, frames_bad), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, replies_repeated), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, segments_scored), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, windows_scored), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, audio_gaps), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, receive_overruns), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, microphone_overruns), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, features_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, scaling_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, acoustic_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, keyword_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, fusion_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, longest_window_cycles), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, receive_peak_bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, ram_bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, ram_peak_bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, stack_peak_bytes), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, temperature_mc), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, reset_reason), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_stats, restarts), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, watchdog_resets), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, faults), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_stats, tpu_failures), 0, 0, 4, 0, 0},
};

static const ut_field listening_fields[] = {
    {offsetof(struct ut_msg_listening, mode), 0, 0, 1, 0, 0},
};

static const ut_field live_fields[] = {
    {offsetof(struct ut_msg_live, windows), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_live, acoustic), offsetof(struct ut_msg_live, acoustic_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_live, keyword), offsetof(struct ut_msg_live, keyword_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_live, fused), offsetof(struct ut_msg_live, fused_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_live, smoothed), offsetof(struct ut_msg_live, smoothed_count), 64, 1, 1, 0},
    {offsetof(struct ut_msg_live, lost_samples), 0, 0, 4, 0, 0},
};

static const ut_field captured_fields[] = {
    {offsetof(struct ut_msg_captured, offset), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_captured, available), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_captured, lost_samples), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_captured, pcm), offsetof(struct ut_msg_captured, pcm_count), 480, 2, 2, 0},
};

static const ut_field update_ready_fields[] = {
    {offsetof(struct ut_msg_update_ready, slot), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_update_ready, received), 0, 0, 4, 0, 0},
};

static const ut_field update_ack_fields[] = {
    {offsetof(struct ut_msg_update_ack, received), 0, 0, 4, 0, 0},
};

static const ut_field update_done_fields[] = {
    {offsetof(struct ut_msg_update_done, slot), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_update_done, bundle), offsetof(struct ut_msg_update_done, bundle_count), 64, 1, 1, 1},
};

static const ut_field crash_fields[] = {
    {offsetof(struct ut_msg_crash, reason), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_crash, uptime_ms), 0, 0, 4, 0, 0},
    {offsetof(struct ut_msg_crash, task), offsetof(struct ut_msg_crash, task_count), 20, 1, 1, 1},
    {offsetof(struct ut_msg_crash, registers), offsetof(struct ut_msg_crash, registers_count), 13, 4, 1, 0},
    {offsetof(struct ut_msg_crash, trace), offsetof(struct ut_msg_crash, trace_count), 16, 4, 1, 0},
};

static const ut_field error_fields[] = {
    {offsetof(struct ut_msg_error, code), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_error, request), 0, 0, 1, 0, 0},
    {offsetof(struct ut_msg_error, sentence), offsetof(struct ut_msg_error, sentence_count), 160, 1, 1, 1},
};

const ut_layout ut_layouts[UT_LAYOUTS] = {
    {hello_fields, sizeof(struct ut_msg_hello), 1, UT_KIND_HELLO, UT_KIND_IDENTITY},
    {begin_fields, sizeof(struct ut_msg_begin), 2, UT_KIND_BEGIN, UT_KIND_READY},
    {audio_fields, sizeof(struct ut_msg_audio), 3, UT_KIND_AUDIO, UT_KIND_ACK},
    {end_fields, sizeof(struct ut_msg_end), 2, UT_KIND_END, UT_KIND_RESULT},
    {get_features_fields, sizeof(struct ut_msg_get_features), 3, UT_KIND_GET_FEATURES, UT_KIND_FEATURES},
    {0, 0, 0, UT_KIND_GET_STATS, UT_KIND_STATS},
    {0, 0, 0, UT_KIND_RESET, UT_KIND_RESET_DONE},
    {listen_fields, sizeof(struct ut_msg_listen), 1, UT_KIND_LISTEN, UT_KIND_LISTENING},
    {0, 0, 0, UT_KIND_GET_LIVE, UT_KIND_LIVE},
    {get_capture_fields, sizeof(struct ut_msg_get_capture), 1, UT_KIND_GET_CAPTURE, UT_KIND_CAPTURED},
    {update_begin_fields, sizeof(struct ut_msg_update_begin), 2, UT_KIND_UPDATE_BEGIN, UT_KIND_UPDATE_READY},
    {update_data_fields, sizeof(struct ut_msg_update_data), 2, UT_KIND_UPDATE_DATA, UT_KIND_UPDATE_ACK},
    {0, 0, 0, UT_KIND_UPDATE_END, UT_KIND_UPDATE_DONE},
    {0, 0, 0, UT_KIND_GET_CRASH, UT_KIND_CRASH},
    {identity_fields, sizeof(struct ut_msg_identity), 21, UT_KIND_IDENTITY, 0},
    {ready_fields, sizeof(struct ut_msg_ready), 2, UT_KIND_READY, 0},
    {ack_fields, sizeof(struct ut_msg_ack), 3, UT_KIND_ACK, 0},
    {result_fields, sizeof(struct ut_msg_result), 19, UT_KIND_RESULT, 0},
    {features_fields, sizeof(struct ut_msg_features), 5, UT_KIND_FEATURES, 0},
    {stats_fields, sizeof(struct ut_msg_stats), 25, UT_KIND_STATS, 0},
    {0, 0, 0, UT_KIND_RESET_DONE, 0},
    {listening_fields, sizeof(struct ut_msg_listening), 1, UT_KIND_LISTENING, 0},
    {live_fields, sizeof(struct ut_msg_live), 6, UT_KIND_LIVE, 0},
    {captured_fields, sizeof(struct ut_msg_captured), 4, UT_KIND_CAPTURED, 0},
    {update_ready_fields, sizeof(struct ut_msg_update_ready), 2, UT_KIND_UPDATE_READY, 0},
    {update_ack_fields, sizeof(struct ut_msg_update_ack), 1, UT_KIND_UPDATE_ACK, 0},
    {update_done_fields, sizeof(struct ut_msg_update_done), 2, UT_KIND_UPDATE_DONE, 0},
    {crash_fields, sizeof(struct ut_msg_crash), 5, UT_KIND_CRASH, 0},
    {error_fields, sizeof(struct ut_msg_error), 3, UT_KIND_ERROR, 0},
};
