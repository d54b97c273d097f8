/* The image: a bundle as the device holds it, made by firmware_bridge/contract/image.py.
 *
 *     header (UT_IMAGE_HEADER_BYTES, fields little-endian, one after the other as listed in image.py)
 *     the acoustic network's .tflite, padded to 16 bytes; the keyword network's .tflite, padded to 16 bytes
 */
#ifndef UNDERTONE_IMAGE_H
#define UNDERTONE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fusion.h"
#include "port.h"
#include "scaling.h"
#include "setup.h"

#define UT_IMAGE_HEADER_BYTES 4096u

typedef struct {
    uint32_t offset; /* from the start of the image */
    uint32_t bytes;
    uint32_t arena_bytes;
    uint32_t inputs, outputs; /* int8 values */
    float output_scale;
    int8_t output_zero_point;
    uint8_t sha256[32];
} ut_image_network;

typedef struct {
    uint32_t bytes; /* of the whole image */
    uint8_t bundle[32];
    uint8_t frontend[32];
    uint32_t labels, keywords;
    uint32_t window_samples, hop_samples, frames, channels;
    ut_scaling scaling;
    float fused_scale;
    int8_t fused_zero_point;
    ut_image_network networks[UT_NETWORKS];
    ut_fusion fusion;
} ut_image;

/* Read the header of the image in a slot and check everything that can be checked without the networks'
 * bytes: magic, format, the header's own CRC-32, ranges, sums of lengths, limits of this build and of the
 * memory for networks, front-end. Returns 0, or a code of ut_error_code. */
int32_t ut_image_open(const ut_port *port, const ut_build *build, size_t models_bytes, int32_t slot,
                      ut_image *image);

/* Read both networks of a slot and compare their SHA-256 with the header's; where `into` is given, leave the
 * networks there. Returns 0, or a code of ut_error_code. */
int32_t ut_image_verify(const ut_port *port, int32_t slot, const ut_image *image, uint8_t *into);

#endif
