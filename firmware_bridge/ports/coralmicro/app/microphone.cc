/* The audio lies in the upper half of each 32-bit sample, and is cut off there, as in all of the SDK's
 * examples: no gain, no dither.
 *
 * A reader and a task of our own instead of the SDK's audio service: that one, when its last callback is removed,
 * waits for its queue and forgets to stop its reader, so that the microphone stays on and the next recording
 * begins with old sound and a gap; and it keeps to itself how often its reader overflowed. */
#include "microphone.h"

#include "libs/audio/audio_service.h"
#include "libs/base/check.h"
#include "libs/base/mutex.h"
#include "libs/base/tasks.h"
#include "ring.h"
#include "sdram.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"

namespace undertone {
namespace {

constexpr size_t kDmaBuffers = 2, kDmaMs = 50, kDmaSamples = 800;
constexpr uint32_t kDropFirst = 2400; /* samples: until the filter of the microphone has settled */
constexpr uint32_t kRingSamples = 16384;
constexpr configSTACK_DEPTH_TYPE kStackWords = configMINIMAL_STACK_SIZE * 30;

coralmicro::AudioDriverBuffers<kDmaBuffers, kDmaBuffers * kDmaSamples> g_buffers;
coralmicro::AudioDriver g_driver(g_buffers);
UT_SDRAM int16_t g_samples[kRingSamples];
Ring<int16_t, kRingSamples> g_ring(g_samples);
SemaphoreHandle_t g_switching;
TaskHandle_t g_task;
/* Number of the recording that is wanted, 0: none. A new number begins a new one. */
std::atomic<uint32_t> g_wanted{0};
std::atomic<uint32_t> g_lost{0};
uint32_t g_recordings = 0;

/* Put samples of a recording, unless it has ended meanwhile. */
void Put(uint32_t recording, const int32_t* samples, size_t count) {
  coralmicro::MutexLock lock(g_switching);
  if (g_wanted.load() != recording) {
    return;
  }
  uint32_t lost = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto sample = static_cast<int16_t>(samples[i] >> 16);
    lost += g_ring.Put(&sample, 1) == 0;
  }
  g_lost.fetch_add(lost, std::memory_order_relaxed);
}

/* The reader's end is the microphone's: its power goes. */
void Record(uint32_t recording) {
  const coralmicro::AudioDriverConfig config{coralmicro::AudioSampleRate::k16000_Hz, kDmaBuffers, kDmaMs};
  coralmicro::AudioReader reader(&g_driver, config);
  int overflows = 0;
  for (uint32_t heard = 0; g_wanted.load() == recording;) {
    const size_t count = reader.FillBuffer();
    const size_t early = heard < kDropFirst ? std::min<size_t>(count, kDropFirst - heard) : 0;
    heard += static_cast<uint32_t>(early);
    /* Each overflow is a buffer of the driver's that found no room. Before the first sample nobody misses them. */
    const int more = reader.OverflowCount() - overflows;
    overflows += more;
    if (early < count) {
      g_lost.fetch_add(static_cast<uint32_t>(more) * kDmaSamples, std::memory_order_relaxed);
      Put(recording, reader.Buffer().data() + early, count - early);
    }
  }
}

[[noreturn]] void Run(void* /*unused*/) {
  for (;;) {
    const uint32_t recording = g_wanted.load();
    if (recording == 0) {
      ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    } else {
      Record(recording);
    }
  }
}

} /* namespace */

void MicrophoneStart() {
  g_switching = xSemaphoreCreateMutex();
  CHECK(g_switching);
  CHECK(xTaskCreate(Run, "undertone_microphone", kStackWords, nullptr, coralmicro::kAudioTaskPriority, &g_task) ==
        pdPASS);
}

void MicrophonePower(void* /*context*/, int32_t on) {
  {
    coralmicro::MutexLock lock(g_switching);
    if ((on != 0) == (g_wanted.load() != 0)) {
      return;
    }
    g_ring.Clear();
    g_lost.store(0, std::memory_order_relaxed);
    g_recordings += on != 0 ? 1u : 0u;
    g_wanted.store(on != 0 ? g_recordings : 0u);
  }
  xTaskNotifyGive(g_task);
}

size_t MicrophoneTake(void* /*context*/, int16_t* pcm, size_t most, uint32_t* lost) {
  *lost += g_lost.exchange(0, std::memory_order_relaxed);
  return g_ring.Take(pcm, most);
}

} /* namespace undertone */
