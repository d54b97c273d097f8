/* A microphone that hears a ramp from its start on: sample n is n - 2400, in the upper half of its 32 bits; noise in
 * the lower. As the SDK's: it runs as long as its reader lives, whether or not anybody takes what it hears, and what
 * finds no room is counted in buffers. Time is counted in buffers taken: g_microphone says what happens. */
#ifndef FAKE_AUDIO_SERVICE_H
#define FAKE_AUDIO_SERVICE_H

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "libs/base/tasks.h"

struct FakeMicrophone {
  std::atomic<int> readers{0};   /* that are alive: the microphone's power */
  std::atomic<int> overflow{0}; /* buffers to be lost before the next one */
  std::atomic<int> started{0};
};
extern FakeMicrophone g_microphone;

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
class AudioReader {
 public:
  AudioReader(AudioDriver*, const AudioDriverConfig& config)
      : ms_(config.ms), buffer_(static_cast<size_t>(config.rate) * config.ms / 1000) {
    ++g_microphone.readers;
    ++g_microphone.started;
  }
  ~AudioReader() { --g_microphone.readers; }
  size_t FillBuffer() {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms_));
    if (at_ > 2400) {
      const int lost = g_microphone.overflow.exchange(0);
      overflows_ += lost;
      at_ += lost * static_cast<int32_t>(buffer_.size());
    }
    for (auto& sample : buffer_) {
      sample = (at_ < 2400 ? 7 : (at_ - 2400) % 30000) * 65536 + 12345;
      ++at_;
    }
    return buffer_.size();
  }
  const std::vector<int32_t>& Buffer() const { return buffer_; }
  int OverflowCount() const { return overflows_; }

 private:
  size_t ms_;
  std::vector<int32_t> buffer_;
  int32_t at_ = 0;
  int overflows_ = 0;
};
}  // namespace coralmicro

#endif
