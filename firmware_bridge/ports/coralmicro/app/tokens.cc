/* The SDK sends parameters when a token is not the one that the TPU holds. Two networks of different bytes under one
 * token, as a careless tool makes them, would be one and the same to it. */
#include "tokens.h"

#include <cstddef>

#include "core.h"
#include "libs/tpu/edgetpu_manager.h"

namespace undertone {
namespace {

struct Seen {
  uint64_t token;
  uint32_t network;
  const tflite::Model* model; /* equal bytes lie at one place: models.cc */
};

constexpr size_t kMost = 64; /* as many as models.cc keeps */
Seen g_seen[kMost];
size_t g_count = 0;
bool g_stale = false;

/* 0: nothing is cached, parameters come with every run. */
uint64_t TokenOf(const tflite::Model& model) {
  const auto* const options = model.subgraphs()->Get(0)->operators()->Get(0)->custom_options();
  if (options == nullptr) {
    return 0;
  }
  /* Known already, by its address: this only looks it up. */
  auto* const package = coralmicro::EdgeTpuManager::GetSingleton()->RegisterPackage(
      reinterpret_cast<const char*>(options->data()), options->size());
  const bool caches = package != nullptr && package->parameter_caching_exe() != nullptr;
  return caches ? package->parameter_caching_exe()->ParameterCachingToken() : 0;
}

} /* namespace */

void TokensNote(uint32_t network, const tflite::Model& model) {
  const Seen now = {TokenOf(model), network, &model};
  if (now.token == 0) {
    return;
  }
  bool known = false;
  for (size_t i = 0; i < g_count; ++i) {
    const bool same = g_seen[i].token == now.token && g_seen[i].network == network;
    known = known || (same && g_seen[i].model == now.model);
    g_stale = g_stale || (same && g_seen[i].model != now.model);
  }
  if (!known && g_count < kMost) {
    g_seen[g_count++] = now;
  }
}

bool TokensStale() { return g_stale; }

} /* namespace undertone */
