/* Made for a bundle by firmware_bridge.ports.sources: do not edit. */
#ifndef UNDERTONE_CONFIG_H
#define UNDERTONE_CONFIG_H

#include "microfrontend.h"

#define UT_CHANNELS 64u
#define UT_WINDOW_FRAMES 498u
#define UT_HOP_FRAMES 100u
#define UT_WINDOW_SAMPLES 80000u
#define UT_HOP_SAMPLES 16000u
#define UT_STORE_FRAMES 5998u
#define UT_CAPTURE_SAMPLES 32000u
#define UT_FRONTEND_HASH "9253563f03384adc1ca302a60a7b221edd2cc5cbefac20a8c341b6aace2f92e7"

extern const ut_tables ut_frontend;

/* Of the front-end's core: one size in all files, or its structs would differ. */
#if UT_MAX_WINDOW != 512 || UT_MAX_CHANNELS != 64
#error "compile every file with -DUT_MAX_WINDOW=512 -DUT_MAX_CHANNELS=64"
#endif

#endif
