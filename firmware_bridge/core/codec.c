/* Field by field: bytes of the wire are bytes of the struct, which holds on little-endian processors only. */
#include "codec.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the codec copies numbers as they lie in memory: it needs a little-endian processor"
#endif

static void copy(uint8_t *to, const uint8_t *from, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        to[i] = from[i];
    }
}

static size_t read_count(const uint8_t *bytes, uint8_t size) {
    return size == 1 ? bytes[0] : (size_t)(bytes[0] | bytes[1] << 8);
}

const ut_layout *ut_layout_of(uint8_t kind) {
    for (size_t i = 0; i < UT_LAYOUTS; ++i) {
        if (ut_layouts[i].kind == kind) {
            return &ut_layouts[i];
        }
    }
    return 0;
}

size_t ut_encode(const ut_layout *layout, const void *message, uint8_t *payload) {
    const uint8_t *const from = (const uint8_t *)message;
    size_t at = 0;
    for (size_t i = 0; i < layout->count; ++i) {
        const ut_field *const field = &layout->fields[i];
        size_t elements = 1;
        if (field->most > 0) {
            elements = read_count(from + field->count_offset, field->count_size);
            elements = elements < field->most ? elements : field->most;
            for (uint8_t place = 0; place < field->count_size; ++place) {
                payload[at++] = (uint8_t)(elements >> (8 * place));
            }
        }
        copy(payload + at, from + field->offset, elements * field->size);
        at += elements * field->size;
    }
    return at;
}

/* Bytes of the UTF-8 sequence at `text`, 0 where it is none: too long for its value, a surrogate, cut off. */
static size_t sequence_at(const uint8_t *text, size_t left) {
    const uint8_t lead = text[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || size > left) {
        return 0;
    }
    const uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < least || text[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < size; ++i) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

static int32_t is_text(const uint8_t *text, size_t count) {
    for (size_t at = 0; at < count;) {
        const size_t size = sequence_at(text + at, count - at);
        if (size == 0) {
            return 0;
        }
        at += size;
    }
    return 1;
}

int32_t ut_decode(const ut_layout *layout, const uint8_t *payload, size_t count, void *message) {
    uint8_t *const to = (uint8_t *)message;
    size_t at = 0;
    for (size_t i = 0; i < layout->count; ++i) {
        const ut_field *const field = &layout->fields[i];
        size_t elements = 1;
        if (field->most > 0) {
            if (count - at < field->count_size) {
                return 1;
            }
            elements = read_count(payload + at, field->count_size);
            copy(to + field->count_offset, payload + at, field->count_size);
            at += field->count_size;
            if (elements > field->most) {
                return 1;
            }
        }
        const size_t bytes = elements * field->size;
        if (count - at < bytes || (field->is_text && !is_text(payload + at, bytes))) {
            return 1;
        }
        copy(to + field->offset, payload + at, bytes);
        at += bytes;
    }
    return at == count ? 0 : 1;
}
