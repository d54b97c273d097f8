/* The SDK remembers what it parsed of a network by the network's address, and never forgets: a new network at
 * an old address would be run with the old one's commands. So addresses are not used twice; the board
 * restarts itself in a quiet moment when they run out (see device_task.cc), after some twenty exchanged
 * bundles. */
#include "models.h"

#include <cstring>

#include "core.h"
#include "sdram.h"

namespace undertone {
namespace {

constexpr size_t kRoomBytes = 16u << 20;
constexpr size_t kMost = 64;
constexpr size_t kAlign = 16;
static_assert(kRoomBytes >= 3 * kSlotBytes, "the start tries both slots, and one more must fit");

struct Kept {
  const uint8_t* at;
  size_t bytes;
};

UT_SDRAM uint8_t g_room[kRoomBytes];
Kept g_kept[kMost];
size_t g_count = 0;
size_t g_used = 0;

} /* namespace */

const uint8_t* ModelsKeep(const uint8_t* model, size_t bytes) {
  for (size_t i = 0; i < g_count; ++i) {
    if (g_kept[i].bytes == bytes && std::memcmp(g_kept[i].at, model, bytes) == 0) {
      return g_kept[i].at;
    }
  }
  if (g_count == kMost || bytes > kRoomBytes - g_used) {
    return nullptr;
  }
  uint8_t* const at = g_room + g_used;
  std::memcpy(at, model, bytes);
  g_kept[g_count++] = {at, bytes};
  g_used += (bytes + kAlign - 1) / kAlign * kAlign;
  return at;
}

bool ModelsFull() { return kRoomBytes - g_used < kSlotBytes || kMost - g_count < UT_NETWORKS; }

uint32_t ModelsBytes() { return static_cast<uint32_t>(g_used); }

} /* namespace undertone */
