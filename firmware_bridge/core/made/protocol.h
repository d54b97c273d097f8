/* Made from protocol.toml by firmware_bridge.protocol.c_header: do not edit. */
#ifndef UNDERTONE_PROTOCOL_H
#define UNDERTONE_PROTOCOL_H

#include <stdint.h>

#define UT_PROTOCOL_VERSION 2u
#define UT_PAYLOAD_BYTES 1024u
#define UT_CHUNK_SAMPLES 480u
#define UT_CHUNKS_IN_FLIGHT 8u
#define UT_CHUNKS_PER_ACK 4u
#define UT_SEGMENT_SAMPLES 960000u
#define UT_REPLIES_KEPT 8u
#define UT_REQUEST_BYTES_KEPT 64u
#define UT_SMOOTHED_WINDOWS 3u

enum ut_message_kind {
    UT_KIND_HELLO = 1,
    UT_KIND_BEGIN = 2,
    UT_KIND_AUDIO = 3,
    UT_KIND_END = 4,
    UT_KIND_GET_FEATURES = 5,
    UT_KIND_GET_STATS = 6,
    UT_KIND_RESET = 7,
    UT_KIND_LISTEN = 8,
    UT_KIND_GET_LIVE = 9,
    UT_KIND_GET_CAPTURE = 10,
    UT_KIND_UPDATE_BEGIN = 11,
    UT_KIND_UPDATE_DATA = 12,
    UT_KIND_UPDATE_END = 13,
    UT_KIND_GET_CRASH = 14,
    UT_KIND_IDENTITY = 129,
    UT_KIND_READY = 130,
    UT_KIND_ACK = 131,
    UT_KIND_RESULT = 132,
    UT_KIND_FEATURES = 133,
    UT_KIND_STATS = 134,
    UT_KIND_RESET_DONE = 135,
    UT_KIND_LISTENING = 136,
    UT_KIND_LIVE = 137,
    UT_KIND_CAPTURED = 138,
    UT_KIND_UPDATE_READY = 139,
    UT_KIND_UPDATE_ACK = 140,
    UT_KIND_UPDATE_DONE = 141,
    UT_KIND_CRASH = 142,
    UT_KIND_ERROR = 255,
};

enum ut_error_code {
    UT_ERROR_BAD_VERSION = 1,
    UT_ERROR_UNKNOWN_MESSAGE = 2,
    UT_ERROR_MALFORMED = 3,
    UT_ERROR_NO_SEGMENT = 4,
    UT_ERROR_INCOMPLETE = 5,
    UT_ERROR_WRONG_CHECKSUM = 6,
    UT_ERROR_TOO_LONG = 7,
    UT_ERROR_TOO_SHORT = 8,
    UT_ERROR_OUT_OF_RANGE = 9,
    UT_ERROR_INTERNAL = 10,
    UT_ERROR_NO_BUNDLE = 11,
    UT_ERROR_NOT_CAPABLE = 12,
    UT_ERROR_WRONG_HASH = 13,
    UT_ERROR_DOES_NOT_FIT = 14,
    UT_ERROR_WRONG_FRONTEND = 15,
    UT_ERROR_NO_UPDATE = 16,
    UT_ERROR_STORAGE_FAILED = 17,
    UT_ERROR_NOT_LISTENING = 18,
};

enum ut_capability {
    UT_CAN_UPDATE = 1,
    UT_CAN_LIVE = 2,
    UT_CAN_CAPTURE = 4,
};

enum ut_listen_mode {
    UT_LISTEN_OFF = 0,
    UT_LISTEN_LIVE = 1,
    UT_LISTEN_CAPTURE = 2,
};

enum ut_reset_reason {
    UT_RESET_UNKNOWN = 0,
    UT_RESET_POWER = 1,
    UT_RESET_HOST = 2,
    UT_RESET_WATCHDOG = 3,
    UT_RESET_FAULT = 4,
    UT_RESET_TPU = 5,
    UT_RESET_NETWORKS = 6,
};

enum ut_trouble {
    UT_TROUBLE_TPU_MISSING = 1,
    UT_TROUBLE_CRASH_KEPT = 2,
};

#define UT_HELLO_MOST_BYTES 4u
struct ut_msg_hello {
    uint32_t session;
};

#define UT_BEGIN_MOST_BYTES 8u
struct ut_msg_begin {
    uint32_t segment;
    uint32_t samples;
};

#define UT_AUDIO_MOST_BYTES 970u
struct ut_msg_audio {
    uint32_t segment;
    uint32_t offset;
    uint16_t pcm_count;
    int16_t pcm[480];
};

#define UT_END_MOST_BYTES 8u
struct ut_msg_end {
    uint32_t segment;
    uint32_t checksum;
};

#define UT_GET_FEATURES_MOST_BYTES 8u
struct ut_msg_get_features {
    uint32_t segment;
    uint16_t window;
    uint16_t first_frame;
};

#define UT_GET_STATS_MOST_BYTES 0u

#define UT_RESET_MOST_BYTES 0u

#define UT_LISTEN_MOST_BYTES 1u
struct ut_msg_listen {
    uint8_t mode;
};

#define UT_GET_LIVE_MOST_BYTES 0u

#define UT_GET_CAPTURE_MOST_BYTES 4u
struct ut_msg_get_capture {
    uint32_t offset;
};

#define UT_UPDATE_BEGIN_MOST_BYTES 37u
struct ut_msg_update_begin {
    uint32_t bytes;
    uint8_t sha256_count;
    uint8_t sha256[32];
};

#define UT_UPDATE_DATA_MOST_BYTES 966u
struct ut_msg_update_data {
    uint32_t offset;
    uint16_t data_count;
    uint8_t data[960];
};

#define UT_UPDATE_END_MOST_BYTES 0u

#define UT_GET_CRASH_MOST_BYTES 0u

#define UT_IDENTITY_MOST_BYTES 376u
struct ut_msg_identity {
    uint32_t session;
    uint8_t build_count;
    char build[64];
    uint8_t bundle_count;
    char bundle[64];
    uint8_t frontend_count;
    char frontend[64];
    uint8_t acoustic_sha256_count;
    char acoustic_sha256[64];
    uint8_t keyword_sha256_count;
    char keyword_sha256[64];
    uint8_t evidence_count;
    char evidence[16];
    uint16_t capabilities;
    uint8_t slot;
    uint32_t cycles_per_us;
    uint8_t labels;
    uint8_t keywords;
    uint32_t window_samples;
    uint32_t hop_samples;
    uint16_t frames;
    uint16_t channels;
    uint16_t chunk_samples;
    uint8_t chunks_in_flight;
    uint32_t segment_samples;
    uint8_t reset_reason;
    uint8_t troubles;
};

#define UT_READY_MOST_BYTES 8u
struct ut_msg_ready {
    uint32_t segment;
    uint32_t received;
};

#define UT_ACK_MOST_BYTES 9u
struct ut_msg_ack {
    uint32_t segment;
    uint32_t received;
    uint8_t credit;
};

#define UT_RESULT_MOST_BYTES 248u
struct ut_msg_result {
    uint32_t segment;
    uint16_t windows;
    uint8_t acoustic_count;
    int8_t acoustic[64];
    uint8_t keyword_count;
    int8_t keyword[64];
    uint8_t fused_count;
    int8_t fused[64];
    float acoustic_scale;
    int8_t acoustic_zero_point;
    float keyword_scale;
    int8_t keyword_zero_point;
    float fused_scale;
    int8_t fused_zero_point;
    uint32_t features_cycles;
    uint32_t tail_cycles;
    uint32_t scaling_cycles;
    uint32_t acoustic_cycles;
    uint32_t keyword_cycles;
    uint32_t fusion_cycles;
    uint32_t ram_peak_bytes;
    uint32_t stack_peak_bytes;
};

#define UT_FEATURES_MOST_BYTES 1012u
struct ut_msg_features {
    uint32_t segment;
    uint16_t window;
    uint16_t first_frame;
    uint16_t frames_in_window;
    uint16_t values_count;
    uint16_t values[500];
};

#define UT_STATS_MOST_BYTES 97u
struct ut_msg_stats {
    uint32_t uptime_ms;
    uint32_t frames_good;
    uint32_t frames_bad;
    uint32_t replies_repeated;
    uint32_t segments_scored;
    uint32_t windows_scored;
    uint32_t audio_gaps;
    uint32_t receive_overruns;
    uint32_t microphone_overruns;
    uint32_t features_cycles;
    uint32_t scaling_cycles;
    uint32_t acoustic_cycles;
    uint32_t keyword_cycles;
    uint32_t fusion_cycles;
    uint32_t longest_window_cycles;
    uint32_t receive_peak_bytes;
    uint32_t ram_bytes;
    uint32_t ram_peak_bytes;
    uint32_t stack_peak_bytes;
    int32_t temperature_mc;
    uint8_t reset_reason;
    uint32_t restarts;
    uint32_t watchdog_resets;
    uint32_t faults;
    uint32_t tpu_failures;
};

#define UT_RESET_DONE_MOST_BYTES 0u

#define UT_LISTENING_MOST_BYTES 1u
struct ut_msg_listening {
    uint8_t mode;
};

#define UT_LIVE_MOST_BYTES 268u
struct ut_msg_live {
    uint32_t windows;
    uint8_t acoustic_count;
    int8_t acoustic[64];
    uint8_t keyword_count;
    int8_t keyword[64];
    uint8_t fused_count;
    int8_t fused[64];
    uint8_t smoothed_count;
    int8_t smoothed[64];
    uint32_t lost_samples;
};

#define UT_CAPTURED_MOST_BYTES 974u
struct ut_msg_captured {
    uint32_t offset;
    uint32_t available;
    uint32_t lost_samples;
    uint16_t pcm_count;
    int16_t pcm[480];
};

#define UT_UPDATE_READY_MOST_BYTES 5u
struct ut_msg_update_ready {
    uint8_t slot;
    uint32_t received;
};

#define UT_UPDATE_ACK_MOST_BYTES 4u
struct ut_msg_update_ack {
    uint32_t received;
};

#define UT_UPDATE_DONE_MOST_BYTES 66u
struct ut_msg_update_done {
    uint8_t slot;
    uint8_t bundle_count;
    char bundle[64];
};

#define UT_CRASH_MOST_BYTES 144u
struct ut_msg_crash {
    uint8_t reason;
    uint32_t uptime_ms;
    uint8_t task_count;
    char task[20];
    uint8_t registers_count;
    uint32_t registers[13];
    uint8_t trace_count;
    uint32_t trace[16];
};

#define UT_ERROR_MOST_BYTES 163u
struct ut_msg_error {
    uint8_t code;
    uint8_t request;
    uint8_t sentence_count;
    char sentence[160];
};

union ut_request {
    struct ut_msg_hello hello;
    struct ut_msg_begin begin;
    struct ut_msg_audio audio;
    struct ut_msg_end end;
    struct ut_msg_get_features get_features;
    struct ut_msg_listen listen;
    struct ut_msg_get_capture get_capture;
    struct ut_msg_update_begin update_begin;
    struct ut_msg_update_data update_data;
};

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

#endif
