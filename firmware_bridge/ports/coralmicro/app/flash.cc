/* What is not in a file reads as erased. A file that has been written is on flash from its next sync on, and
 * as it was before until then: littlefs never leaves half of one.
 *
 * Each sync of a slot would copy its last block of 128 KB; so the file stays open while its pages come, and
 * is synced before it is read back, and before anything else is touched. That keeps the order that matters:
 * what is verified is on flash, and it is there before the record that enables it. A record is synced at
 * once. */
#include "flash.h"

#include <algorithm>
#include <cstring>

#include "core.h"
#include "libs/base/filesystem.h"

namespace undertone {
namespace {

constexpr char kFolder[] = "/undertone";
constexpr size_t kRecordBytes = 4096;
constexpr struct {
  const char* path;
  size_t bytes;
} kAreas[UT_AREAS] = {
    {"/undertone/slot0", kSlotBytes},
    {"/undertone/slot1", kSlotBytes},
    {"/undertone/record0", kRecordBytes},
    {"/undertone/record1", kRecordBytes},
};
constexpr uint32_t kNone = UT_AREAS;

lfs_file_t g_file;
uint32_t g_open = kNone;
bool g_written = false; /* since the last sync */

bool IsInside(uint32_t area, size_t offset, size_t count) {
  return area < UT_AREAS && offset <= kAreas[area].bytes && count <= kAreas[area].bytes - offset;
}

/* Put what was written on flash. */
bool Close() {
  if (g_open == kNone) {
    return true;
  }
  g_open = kNone;
  g_written = false;
  return lfs_file_close(coralmicro::Lfs(), &g_file) == LFS_ERR_OK;
}

/* Returns LFS_ERR_OK, or LFS_ERR_NOENT where the file is missing and not to be made. */
int Open(uint32_t area, bool make) {
  if (g_open == area) {
    return LFS_ERR_OK;
  }
  if (!Close() || (make && !coralmicro::LfsMakeDirs(kFolder))) {
    return LFS_ERR_IO;
  }
  const int flags = make ? LFS_O_RDWR | LFS_O_CREAT : LFS_O_RDWR;
  const int status = lfs_file_open(coralmicro::Lfs(), &g_file, kAreas[area].path, flags);
  if (status == LFS_ERR_OK) {
    g_open = area;
  }
  return status;
}

bool Sync() {
  if (g_written && lfs_file_sync(coralmicro::Lfs(), &g_file) != LFS_ERR_OK) {
    return false;
  }
  g_written = false;
  return true;
}

bool Seek(size_t offset) {
  return lfs_file_seek(coralmicro::Lfs(), &g_file, static_cast<lfs_soff_t>(offset), LFS_SEEK_SET) >= 0;
}

bool Write(const uint8_t* bytes, size_t count) {
  g_written = true;
  return lfs_file_write(coralmicro::Lfs(), &g_file, bytes, static_cast<lfs_size_t>(count)) ==
         static_cast<lfs_ssize_t>(count);
}

/* Fill up to `offset` with erased bytes: littlefs would put zeros. */
bool PadTo(size_t offset) {
  static constexpr uint8_t kErased[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  const lfs_soff_t end = lfs_file_size(coralmicro::Lfs(), &g_file);
  if (end < 0 || !Seek(std::min(static_cast<size_t>(end), offset))) {
    return false;
  }
  for (size_t at = static_cast<size_t>(end); at < offset; at += sizeof kErased) {
    if (!Write(kErased, std::min(sizeof kErased, offset - at))) {
      return false;
    }
  }
  return true;
}

} /* namespace */

int32_t FlashRead(void* /*context*/, uint32_t area, size_t offset, uint8_t* bytes, size_t count) {
  if (!IsInside(area, offset, count)) {
    return 1;
  }
  std::memset(bytes, 0xFF, count);
  const int status = Open(area, /*make=*/false);
  if (status == LFS_ERR_NOENT) {
    return 0;
  }
  if (status != LFS_ERR_OK || !Sync() || !Seek(offset)) {
    return 1;
  }
  return lfs_file_read(coralmicro::Lfs(), &g_file, bytes, static_cast<lfs_size_t>(count)) >= 0 ? 0 : 1;
}

int32_t FlashErase(void* /*context*/, uint32_t area) {
  if (!IsInside(area, 0, 0) || Open(area, /*make=*/true) != LFS_ERR_OK) {
    return 1;
  }
  g_written = true;
  return lfs_file_truncate(coralmicro::Lfs(), &g_file, 0) == LFS_ERR_OK && Sync() ? 0 : 1;
}

int32_t FlashProgram(void* /*context*/, uint32_t area, size_t offset, const uint8_t* bytes, size_t count) {
  if (!IsInside(area, offset, count) || Open(area, /*make=*/true) != LFS_ERR_OK) {
    return 1;
  }
  if (!PadTo(offset) || !Write(bytes, count)) {
    return 1;
  }
  const bool is_record = area == UT_AREA_RECORD_0 || area == UT_AREA_RECORD_1;
  return !is_record || Close() ? 0 : 1;
}

} /* namespace undertone */
