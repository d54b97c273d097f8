/* Slots and records, each a file on the board's littlefs. */
#ifndef UNDERTONE_CORALMICRO_FLASH_H
#define UNDERTONE_CORALMICRO_FLASH_H

#include <cstddef>
#include <cstdint>

namespace undertone {

/* As in ut_port: 0, or anything else if it failed. */
int32_t FlashRead(void* context, uint32_t area, size_t offset, uint8_t* bytes, size_t count);
int32_t FlashErase(void* context, uint32_t area);
int32_t FlashProgram(void* context, uint32_t area, size_t offset, const uint8_t* bytes, size_t count);

} /* namespace undertone */

#endif
