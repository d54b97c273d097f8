/* As the SDK's at c9f665b: it waits without bound for a TPU, ignores the result of a parameter upload but notes its
 * token, keeps two packages for a token and sends nothing for a third, gives up a transfer without cancelling it,
 * and CHECKs what it reads. A network's parameters are its last byte. */
#ifndef FAKE_EDGETPU_MANAGER_H
#define FAKE_EDGETPU_MANAGER_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "libs/base/check.h"
#include "libs/tpu/usb_host_edgetpu.h"

namespace coralmicro {
enum class PerformanceMode { kLow, kMedium, kHigh, kMax };
struct EdgeTpuContext {};

extern std::atomic<bool> g_tpu_there;
extern PerformanceMode g_tpu_mode;

struct EdgeTpuExecutable {
  uint64_t token;
  uint64_t ParameterCachingToken() const { return token; }
};

struct EdgeTpuPackage {
  EdgeTpuExecutable caching;
  uint8_t parameters;
  EdgeTpuExecutable* parameter_caching_exe() { return caching.token != 0 ? &caching : nullptr; }
};

class EdgeTpuManager {
 public:
  static EdgeTpuManager* GetSingleton() {
    static EdgeTpuManager manager;
    return &manager;
  }
  std::shared_ptr<EdgeTpuContext> OpenDevice(PerformanceMode mode) {
    g_tpu_mode = mode;
    while (!g_tpu_there) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    context_ = std::make_shared<EdgeTpuContext>();
    return context_;
  }
  std::optional<float> GetTemperature() {
    if (!context_) return std::nullopt;
    CHECK(Transfer());
    return 41.5f;
  }
  /* `content`: a token and the parameters. By address, and never forgotten. */
  EdgeTpuPackage* RegisterPackage(const char* content, size_t) {
    auto& package = packages_[content];
    if (!package) {
      package = std::make_unique<EdgeTpuPackage>();
      std::memcpy(&package->caching.token, content, sizeof(uint64_t));
      package->parameters = static_cast<uint8_t>(content[8]);
    }
    return package.get();
  }
  /* Returns whether the run was taken for good, and in *parameters what it was run on. */
  bool Invoke(EdgeTpuPackage* package, uint8_t* parameters) {
    if (package->parameter_caching_exe() != nullptr) {
      if (package->caching.token != token_) {
        cached_[0] = cached_[1] = nullptr;
        if (Transfer()) held_[0] = package->parameters;
        token_ = package->caching.token;
        cached_[0] = package;
      } else if (cached_[0] != package && cached_[1] == nullptr) {
        if (Transfer()) held_[1] = package->parameters;
        cached_[1] = package;
      }
      *parameters = held_[cached_[1] == package];
    } else {
      token_ = 0;
      *parameters = package->parameters;
    }
    return Transfer() && Transfer() && Transfer(); /* instructions, input, output */
  }

 private:
  struct Frame {
    bool ended = false, good = false, dead = false;
  };
  bool Transfer() {
    auto* const frame = new Frame; /* kept: what the real one writes into is gone by then */
    usb_host_edgetpu_instance_t tpu;
    const usb_status_t begun = USB_HostEdgeTpuBulkOutSend(
        &tpu, 1, nullptr, 64,
        [](void* parameter, uint8_t*, uint32_t, usb_status_t status) {
          auto* const mine = static_cast<Frame*>(parameter);
          g_usb.dead_writes += mine->dead;
          mine->ended = true;
          mine->good = status == kStatus_USB_Success;
        },
        frame);
    const bool good = begun == kStatus_USB_Success && frame->ended && frame->good;
    frame->dead = true;
    return good;
  }
  std::shared_ptr<EdgeTpuContext> context_;
  std::map<const char*, std::unique_ptr<EdgeTpuPackage>> packages_;
  EdgeTpuPackage* cached_[2] = {};
  uint8_t held_[2] = {};
  uint64_t token_ = 0;
};
}  // namespace coralmicro

#endif
