/* Sizes that the host's side of the library asks for: it gives the memory, and does not know the structs. */
#include "device.h"

size_t ut_host_device_bytes(void) { return sizeof(ut_device); }
size_t ut_host_features_bytes(void) { return sizeof(uint16_t) * UT_STORE_FRAMES * UT_CHANNELS; }
size_t ut_host_input_bytes(void) { return (size_t)UT_WINDOW_FRAMES * UT_CHANNELS; }
size_t ut_host_capture_bytes(void) { return sizeof(int16_t) * UT_CAPTURE_SAMPLES; }
const ut_tables *ut_host_frontend(void) { return &ut_frontend; }
const char *ut_host_frontend_hash(void) { return UT_FRONTEND_HASH; }
