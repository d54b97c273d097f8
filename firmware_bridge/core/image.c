/* The header of an image, read field by field from flash. The layout is told in
 * firmware_bridge/contract/image.py. */
#include "image.h"

#include "bytes.h"
#include "crc32.h"
#include "protocol.h"
#include "sha256.h"
#include "text.h"
#include "ut_config.h"

#define FORMAT 1u
#define CRC_AT (UT_IMAGE_HEADER_BYTES - 4u)
#define COLUMNS (UT_MOST_LABELS + UT_MOST_KEYWORDS)
#define CHUNK_BYTES 512u

/* Reads flash in order, each byte once: what was checked is what is used, whatever flash gives next time. */
typedef struct {
    const ut_port *port;
    uint32_t area;
    uint32_t at;  /* of the next byte */
    uint32_t crc; /* of the chunks that were read */
    int32_t failed;
    uint8_t chunk[CHUNK_BYTES];
} reader;

static void read_chunk(reader *from) {
    const ut_port *const port = from->port;
    const uint32_t covered = from->at + CHUNK_BYTES <= CRC_AT ? CHUNK_BYTES : CRC_AT - from->at;
    from->failed |= port->flash_read(port->context, from->area, from->at, from->chunk, CHUNK_BYTES) != 0;
    from->crc = ut_crc32(from->crc, from->chunk, covered);
}

static void take(reader *from, void *to, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (from->at % CHUNK_BYTES == 0) {
            read_chunk(from);
        }
        ((uint8_t *)to)[i] = from->chunk[from->at % CHUNK_BYTES];
        ++from->at;
    }
}

static uint32_t take_u32(reader *from) {
    uint32_t value;
    take(from, &value, sizeof value);
    return value;
}

static int32_t within(int32_t value, int32_t least, int32_t most) { return value >= least && value <= most; }

/* A scale is positive and finite. It is judged by its bits: the core computes with no floats. */
static int32_t take_scale(reader *from, float *scale) {
    const uint32_t bits = take_u32(from);
    ut_bytes_copy(scale, &bits, sizeof bits);
    return bits > 0 && bits < 0x7F800000u;
}

static int32_t take_zero_point(reader *from, int8_t *zero_point) {
    int32_t value;
    take(from, &value, sizeof value);
    const int32_t good = within(value, -128, 127);
    *zero_point = (int8_t)(good ? value : 0);
    return good;
}

static int32_t take_scaling(reader *from, ut_scaling *scaling) {
    take(from, &scaling->kind, 4);
    take(from, &scaling->offset, 4);
    take(from, &scaling->multiplier, 4);
    take(from, &scaling->shift, 4);
    take(from, &scaling->span, 4);
    return within(scaling->kind, UT_SCALE_FIXED, UT_SCALE_DYNAMIC) && within(scaling->offset, 0, 65535) &&
           within(scaling->multiplier, 1, 32767) && within(scaling->shift, 1, 30) &&
           within(scaling->span, 1, 65535);
}

static int32_t take_network(reader *from, ut_image_network *network) {
    network->offset = take_u32(from);
    network->bytes = take_u32(from);
    network->arena_bytes = take_u32(from);
    network->inputs = take_u32(from);
    network->outputs = take_u32(from);
    int32_t good = take_scale(from, &network->output_scale);
    good &= take_zero_point(from, &network->output_zero_point);
    take(from, network->sha256, sizeof network->sha256);
    return good;
}

/* Whether a row can never leave 32 bits, whatever the scores, by the rule of FusionHead in fusion.py. */
static int32_t row_fits(const ut_fusion *fusion, uint32_t row, uint32_t columns) {
    const int64_t bias = fusion->bias[row];
    int64_t largest = (bias < 0 ? -bias : bias) + ((int64_t)1 << (fusion->shift - 1));
    for (uint32_t j = 0; j < columns; ++j) {
        const int64_t weight = fusion->weight[row][j];
        if (weight < -32767) {
            return 0;
        }
        largest += 255 * (weight < 0 ? -weight : weight);
    }
    return largest <= INT32_MAX;
}

/* The labels and keywords were found in range. */
static int32_t fusion_fits(const ut_fusion *fusion, uint32_t labels, uint32_t keywords) {
    const uint32_t columns = labels + keywords;
    if (!within(fusion->shift, 1, 24)) {
        return 0;
    }
    for (uint32_t i = 0; i < UT_MOST_LABELS; ++i) {
        if (i < labels ? !row_fits(fusion, i, columns) : fusion->bias[i] != 0) {
            return 0;
        }
        for (uint32_t j = i < labels ? columns : 0; j < COLUMNS; ++j) {
            if (fusion->weight[i][j] != 0) {
                return 0;
            }
        }
    }
    for (uint32_t j = columns; j < COLUMNS; ++j) {
        if (fusion->zero_point[j] != 0) {
            return 0;
        }
    }
    return 1;
}

/* Whether a network lies where it must, in an image that ends at `end`, and has the size that it must. */
static int32_t network_lies(const ut_image_network *network, uint32_t offset, uint32_t end,
                            uint32_t outputs) {
    return network->offset == offset && offset < end && network->bytes > 0 &&
           network->bytes <= end - offset && network->inputs == UT_WINDOW_FRAMES * UT_CHANNELS &&
           network->outputs == outputs && network->arena_bytes > 0;
}

static uint32_t end_of(const ut_image_network *network) {
    return network->offset + ((network->bytes + 15u) & ~15u);
}

static int32_t networks_lie(const ut_image *image) {
    const ut_image_network *const acoustic = &image->networks[UT_ACOUSTIC];
    const ut_image_network *const keyword = &image->networks[UT_KEYWORD];
    return network_lies(acoustic, UT_IMAGE_HEADER_BYTES, image->bytes, image->labels) &&
           network_lies(keyword, end_of(acoustic), image->bytes, image->keywords) &&
           end_of(keyword) == image->bytes;
}

/* Read all fields, and the zeros after them. Returns whether each is one that it can be by itself. */
static int32_t take_fields(reader *from, ut_image *image) {
    uint8_t magic[4];
    take(from, magic, sizeof magic);
    int32_t good = ut_bytes_equal(magic, "UTIM", sizeof magic);
    good &= take_u32(from) == FORMAT;
    image->bytes = take_u32(from);
    take(from, image->bundle, sizeof image->bundle);
    take(from, image->frontend, sizeof image->frontend);
    image->labels = take_u32(from);
    image->keywords = take_u32(from);
    image->window_samples = take_u32(from);
    image->hop_samples = take_u32(from);
    image->frames = take_u32(from);
    image->channels = take_u32(from);
    good &= take_scaling(from, &image->scaling);
    good &= take_scale(from, &image->fused_scale);
    good &= take_zero_point(from, &image->fused_zero_point);
    for (uint32_t network = 0; network < UT_NETWORKS; ++network) {
        good &= take_network(from, &image->networks[network]);
    }
    take(from, &image->fusion.shift, sizeof image->fusion.shift);
    take(from, image->fusion.bias, sizeof image->fusion.bias);
    take(from, image->fusion.weight, sizeof image->fusion.weight);
    take(from, image->fusion.zero_point, sizeof image->fusion.zero_point);
    while (from->at < CRC_AT) {
        uint8_t zero;
        take(from, &zero, 1);
        good &= zero == 0;
    }
    return good;
}

/* Whether the image was made for this firmware's front-end and windows. */
static int32_t frontend_fits(const ut_build *build, const ut_image *image) {
    char hash[64];
    ut_text_hex(hash, image->frontend);
    return ut_bytes_equal(hash, build->frontend_hash, sizeof hash) && image->channels == UT_CHANNELS &&
           image->window_samples == UT_WINDOW_SAMPLES && image->hop_samples == UT_HOP_SAMPLES &&
           image->frames == UT_WINDOW_FRAMES;
}

static int32_t memory_fits(const ut_build *build, size_t models_bytes, const ut_image *image) {
    return image->bytes <= build->slot_bytes && image->bytes - UT_IMAGE_HEADER_BYTES <= models_bytes &&
           image->networks[UT_ACOUSTIC].arena_bytes <= build->arena_bytes &&
           image->networks[UT_KEYWORD].arena_bytes <= build->arena_bytes;
}

int32_t ut_image_open(const ut_port *port, const ut_build *build, size_t models_bytes, int32_t slot,
                      ut_image *image) {
    reader from = {.port = port, .area = (uint32_t)slot};
    if (port->flash_read == 0) {
        return UT_ERROR_NOT_CAPABLE;
    }
    const int32_t good = take_fields(&from, image);
    const uint32_t computed = from.crc;
    const uint32_t stored = take_u32(&from);
    if (from.failed) {
        return UT_ERROR_STORAGE_FAILED;
    }
    if (!good || computed != stored) {
        return UT_ERROR_WRONG_HASH;
    }
    if (!frontend_fits(build, image)) {
        return UT_ERROR_WRONG_FRONTEND;
    }
    if (image->labels < 1 || image->labels > UT_MOST_LABELS || image->keywords < 1 ||
        image->keywords > UT_MOST_KEYWORDS || !networks_lie(image) ||
        !fusion_fits(&image->fusion, image->labels, image->keywords)) {
        return UT_ERROR_WRONG_HASH;
    }
    return memory_fits(build, models_bytes, image) ? 0 : UT_ERROR_DOES_NOT_FIT;
}

static int32_t verify_network(const ut_port *port, uint32_t slot, const ut_image_network *network,
                              uint8_t *into) {
    uint8_t chunk[CHUNK_BYTES] = {0}, digest[32];
    ut_sha256 sha;
    ut_sha256_start(&sha);
    for (uint32_t at = 0; at < network->bytes;) {
        const uint32_t rest = network->bytes - at;
        const uint32_t count = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
        uint8_t *const to = into ? into + at : chunk;
        if (port->flash_read(port->context, slot, network->offset + at, to, count) != 0) {
            return UT_ERROR_STORAGE_FAILED;
        }
        ut_sha256_take(&sha, to, count);
        at += count;
    }
    ut_sha256_end(&sha, digest);
    return ut_bytes_equal(digest, network->sha256, sizeof digest) ? 0 : UT_ERROR_WRONG_HASH;
}

int32_t ut_image_verify(const ut_port *port, int32_t slot, const ut_image *image, uint8_t *into) {
    for (uint32_t i = 0; i < UT_NETWORKS; ++i) {
        const ut_image_network *const network = &image->networks[i];
        uint8_t *const to = into ? into + (network->offset - UT_IMAGE_HEADER_BYTES) : 0;
        const int32_t code = verify_network(port, (uint32_t)slot, network, to);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}
