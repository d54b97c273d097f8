/* A microphone that hears a ramp: sample n is n, in the upper half of its 32 bits; noise in the lower. */
#ifndef FAKE_AUDIO_SERVICE_H
#define FAKE_AUDIO_SERVICE_H

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "libs/base/tasks.h"

namespace coralmicro {
enum class AudioSampleRate : int32_t { k16000_Hz = 16000 };
struct AudioDriverConfig {
  AudioSampleRate rate;
  size_t buffers, ms;
};
template <size_t Buffers, size_t Samples>
struct AudioDriverBuffers {
  int32_t samples[Samples];
};
struct AudioDriver {
  template <size_t Buffers, size_t Samples>
  explicit AudioDriver(AudioDriverBuffers<Buffers, Samples>&) {}
};
class AudioService {
 public:
  using Callback = bool (*)(void*, const int32_t*, size_t);
  AudioService(AudioDriver*, const AudioDriverConfig& config, int, int) : config_(config) {}
  ~AudioService() { Stop(); }
  int AddCallback(void* context, Callback callback) {
    on_ = true;
    task_ = std::thread([this, context, callback] {
      const size_t count = static_cast<size_t>(config_.rate) * config_.ms / 1000;
      for (int32_t at = 0; on_;) {
        std::vector<int32_t> samples;
        for (size_t i = 0; i < count; ++i)
          samples.push_back(static_cast<int32_t>(at++ % 30000 * 65536 + 12345));
        callback(context, samples.data(), samples.size());
        std::this_thread::sleep_for(std::chrono::milliseconds(config_.ms));
      }
    });
    return 7;
  }
  bool RemoveCallback(int id) {
    Stop();
    return id == 7;
  }

 private:
  void Stop() {
    on_ = false;
    if (task_.joinable()) task_.join();
  }
  AudioDriverConfig config_;
  std::atomic<bool> on_{false};
  std::thread task_;
};
}  // namespace coralmicro

#endif
