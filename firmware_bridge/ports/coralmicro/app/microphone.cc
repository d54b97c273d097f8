/* The audio lies in the upper half of each 32-bit sample, and is cut off there, as in all of the SDK's
 * examples: no gain, no dither. */
#include "microphone.h"

#include <optional>

#include "libs/audio/audio_service.h"
#include "ring.h"
#include "sdram.h"

namespace undertone {
namespace {

constexpr size_t kDmaBuffers = 2, kDmaMs = 50, kDmaSamples = 800;
constexpr int kDropFirstMs = 150; /* until the filter of the microphone has settled */
constexpr uint32_t kRingSamples = 16384;
constexpr int kOff = -1;

coralmicro::AudioDriverBuffers<kDmaBuffers, kDmaBuffers * kDmaSamples> g_buffers;
coralmicro::AudioDriver g_driver(g_buffers);
std::optional<coralmicro::AudioService> g_service;
UT_SDRAM int16_t g_samples[kRingSamples];
Ring<int16_t, kRingSamples> g_ring(g_samples);
std::atomic<uint32_t> g_lost{0};
int g_callback = kOff;

/* Called in the audio service's task. */
bool Take(void* /*context*/, const int32_t* samples, size_t count) {
  uint32_t lost = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto sample = static_cast<int16_t>(samples[i] >> 16);
    lost += g_ring.Put(&sample, 1) == 0;
  }
  g_lost.fetch_add(lost, std::memory_order_relaxed);
  return true;
}

} /* namespace */

void MicrophoneStart() {
  const coralmicro::AudioDriverConfig config{coralmicro::AudioSampleRate::k16000_Hz, kDmaBuffers, kDmaMs};
  g_service.emplace(&g_driver, config, coralmicro::kAudioTaskPriority, kDropFirstMs);
}

void MicrophonePower(void* /*context*/, int32_t on) {
  if (on != 0 && g_callback == kOff) {
    g_ring.Clear();
    g_lost.store(0, std::memory_order_relaxed);
    g_callback = g_service->AddCallback(nullptr, Take);
  } else if (on == 0 && g_callback != kOff) {
    g_service->RemoveCallback(g_callback);
    g_callback = kOff;
  }
}

size_t MicrophoneTake(void* /*context*/, int16_t* pcm, size_t most, uint32_t* lost) {
  *lost += g_lost.exchange(0, std::memory_order_relaxed);
  return g_ring.Take(pcm, most);
}

} /* namespace undertone */
