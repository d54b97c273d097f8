#ifndef FAKE_EDGETPU_MANAGER_H
#define FAKE_EDGETPU_MANAGER_H

#include <memory>
#include <optional>

namespace coralmicro {
enum class PerformanceMode { kLow, kMedium, kHigh, kMax };
struct EdgeTpuContext {};

extern bool g_tpu_there;
extern PerformanceMode g_tpu_mode;

struct EdgeTpuManager {
  static EdgeTpuManager* GetSingleton() {
    static EdgeTpuManager manager;
    return &manager;
  }
  std::shared_ptr<EdgeTpuContext> OpenDevice(PerformanceMode mode) {
    g_tpu_mode = mode;
    return g_tpu_there ? std::make_shared<EdgeTpuContext>() : nullptr;
  }
  std::optional<float> GetTemperature() { return g_tpu_there ? std::optional<float>(41.5f) : std::nullopt; }
};
}  // namespace coralmicro

#endif
