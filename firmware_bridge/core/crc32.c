/* CRC-32, four bits at a time: sixteen constants instead of a kilobyte of them. */
#include "crc32.h"

static const uint32_t steps[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t ut_crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
    uint32_t value = ~crc;
    for (size_t i = 0; i < count; ++i) {
        value ^= bytes[i];
        value = (value >> 4) ^ steps[value & 15u];
        value = (value >> 4) ^ steps[value & 15u];
    }
    return ~value;
}
