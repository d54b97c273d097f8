/* A record: magic, sequence number, slot, CRC-32 of the three; each u32. It is far smaller than the least
 * unit that can be erased: each of the two lies in an area of its own, and only the older one is erased. */
#include "slots.h"

#include "bytes.h"
#include "crc32.h"
#include "protocol.h"

#define MAGIC 0x43525455u /* "UTRC" */
#define SLOTS 2u

typedef struct {
    uint32_t magic, sequence, slot, crc;
} record;

static uint32_t checksum(const record *it) { return ut_crc32(0, (const uint8_t *)it, offsetof(record, crc)); }

static int32_t read_record(const ut_port *port, uint32_t area, record *it) {
    if (port->flash_read(port->context, area, 0, (uint8_t *)it, sizeof *it) != 0) {
        return 0;
    }
    return it->magic == MAGIC && it->slot < SLOTS && it->crc == checksum(it);
}

/* Find the newest whole record. Returns its area, or -1 where there is none. */
static int32_t newest(const ut_port *port, record *it) {
    record both[2] = {{0, 0, 0, 0}, {0, 0, 0, 0}};
    const int32_t first = read_record(port, UT_AREA_RECORD_0, &both[0]);
    const int32_t second = read_record(port, UT_AREA_RECORD_1, &both[1]);
    /* Sequence numbers wrap: the newer of two neighbours is the one that is less than half the way ahead. */
    const uint32_t ahead = both[1].sequence - both[0].sequence;
    const int32_t later = second && (!first || ahead - 1u < 0x7FFFFFFFu);
    if (!first && !second) {
        return -1;
    }
    *it = both[later];
    return later ? UT_AREA_RECORD_1 : UT_AREA_RECORD_0;
}

void ut_slots_order(const ut_port *port, int32_t order[3]) {
    record it;
    const int32_t known = port->flash_read != 0 && newest(port, &it) >= 0;
    order[0] = known ? (int32_t)it.slot : 0;
    order[1] = 1 - order[0];
    order[2] = -1;
}

int32_t ut_slots_enable(const ut_port *port, int32_t slot) {
    record last, back;
    const int32_t area = newest(port, &last);
    const uint32_t other = area == UT_AREA_RECORD_0 ? UT_AREA_RECORD_1 : UT_AREA_RECORD_0;
    record next = {.magic = MAGIC, .sequence = area < 0 ? 1u : last.sequence + 1u, .slot = (uint32_t)slot};
    next.crc = checksum(&next);
    if (port->flash_erase(port->context, other) != 0 ||
        port->flash_program(port->context, other, 0, (const uint8_t *)&next, sizeof next) != 0 ||
        !read_record(port, other, &back) || !ut_bytes_equal(&back, &next, sizeof next)) {
        return UT_ERROR_STORAGE_FAILED;
    }
    return 0;
}
