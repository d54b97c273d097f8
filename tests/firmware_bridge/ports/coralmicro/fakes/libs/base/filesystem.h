/* A littlefs of the tests' own: what was written is on the disk from the file's sync or close on, not before.
 */
#ifndef FAKE_FILESYSTEM_H
#define FAKE_FILESYSTEM_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

enum { LFS_ERR_OK = 0, LFS_ERR_IO = -5, LFS_ERR_NOENT = -2 };
enum { LFS_O_RDWR = 3, LFS_O_CREAT = 0x100, LFS_SEEK_SET = 0 };
typedef int32_t lfs_soff_t;
typedef int32_t lfs_ssize_t;
typedef uint32_t lfs_size_t;
struct lfs_t {};
struct lfs_file_t {
  std::string path;
  std::vector<uint8_t> content;
  size_t at;
};

struct FakeDisk {
  std::map<std::string, std::vector<uint8_t>> files;
  std::string log; /* what reached the disk, in order */
  int open = 0;
  int until_failure = -1; /* operations that still go well; -1: all */
};
extern FakeDisk g_disk;

inline bool FakeFails() {
  if (g_disk.until_failure == 0) return true;
  g_disk.until_failure -= g_disk.until_failure > 0;
  return false;
}

inline int lfs_file_open(lfs_t*, lfs_file_t* file, const char* path, int flags) {
  if (FakeFails()) return LFS_ERR_IO;
  const auto found = g_disk.files.find(path);
  if (found == g_disk.files.end() && (flags & LFS_O_CREAT) == 0) return LFS_ERR_NOENT;
  file->path = path;
  file->content = found == g_disk.files.end() ? std::vector<uint8_t>() : found->second;
  file->at = 0;
  ++g_disk.open;
  return LFS_ERR_OK;
}

inline int lfs_file_sync(lfs_t*, lfs_file_t* file) {
  if (FakeFails()) return LFS_ERR_IO;
  auto& disk = g_disk.files[file->path];
  if (disk != file->content) g_disk.log += file->path + ":" + std::to_string(file->content.size()) + " ";
  disk = file->content;
  return LFS_ERR_OK;
}

inline int lfs_file_close(lfs_t* lfs, lfs_file_t* file) {
  --g_disk.open;
  return lfs_file_sync(lfs, file);
}

inline lfs_soff_t lfs_file_size(lfs_t*, lfs_file_t* file) {
  return static_cast<lfs_soff_t>(file->content.size());
}

inline lfs_soff_t lfs_file_seek(lfs_t*, lfs_file_t* file, lfs_soff_t offset, int) {
  if (FakeFails()) return LFS_ERR_IO;
  file->at = static_cast<size_t>(offset);
  return offset;
}

inline int lfs_file_truncate(lfs_t*, lfs_file_t* file, lfs_size_t size) {
  if (FakeFails()) return LFS_ERR_IO;
  file->content.resize(size);
  return LFS_ERR_OK;
}

inline lfs_ssize_t lfs_file_read(lfs_t*, lfs_file_t* file, void* to, lfs_size_t count) {
  if (FakeFails()) return LFS_ERR_IO;
  lfs_size_t done = 0;
  for (; done < count && file->at < file->content.size(); ++done) {
    static_cast<uint8_t*>(to)[done] = file->content[file->at++];
  }
  return static_cast<lfs_ssize_t>(done);
}

inline lfs_ssize_t lfs_file_write(lfs_t*, lfs_file_t* file, const void* from, lfs_size_t count) {
  if (FakeFails()) return LFS_ERR_IO;
  if (file->content.size() < file->at + count) file->content.resize(file->at + count, 0); /* gaps: zeros */
  for (lfs_size_t i = 0; i < count; ++i) file->content[file->at++] = static_cast<const uint8_t*>(from)[i];
  return static_cast<lfs_ssize_t>(count);
}

namespace coralmicro {
inline lfs_t* Lfs() {
  static lfs_t lfs;
  return &lfs;
}
inline bool LfsMakeDirs(const char*) { return !FakeFails(); }
}  // namespace coralmicro

#endif
