/* The whole firmware as C functions. */
#include "libs/audio/audio_service.h"
#include "libs/base/console_m7.h"
#include "libs/base/filesystem.h"
#include "libs/base/led.h"
#include "libs/base/network.h"
#include "libs/base/reset.h"
#include "libs/base/tasks.h"
#include "libs/tpu/edgetpu_manager.h"
#include "third_party/freertos_kernel/include/task.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_wdog.h"

FakeDisk g_disk;
FakeConsole g_console;
std::atomic<uint32_t> g_waited{0}, g_woken{0};
FakeMicrophone g_microphone;
uint32_t g_reset_flags = 1;
std::atomic<bool> g_ended{false};
std::atomic<int> g_port{0}, g_leds{0}, g_resets{0}, g_refreshes{0}, g_watchdog_seconds{0};
namespace coralmicro {
std::atomic<bool> g_tpu_there{true};
PerformanceMode g_tpu_mode = PerformanceMode::kLow;
}  // namespace coralmicro

extern "C" void app_main(void*);
namespace undertone {
extern "C" void UndertoneCrash(const uint32_t* frame, uint32_t reason);
}

extern "C" {
/* Of the linker script: 100 bytes of data, 200 of bss, 40 that are not cached. */
extern const char __data_start__[100], __bss_start__[200], __noncachedata_start__[40];
const char __data_start__[100] = {}, __bss_start__[200] = {}, __noncachedata_start__[40] = {};
__asm__(
    ".globl __data_end__, __bss_end__, __noncachedata_end__\n"
    ".set __data_end__, __data_start__ + 100\n"
    ".set __bss_end__, __bss_start__ + 200\n"
    ".set __noncachedata_end__, __noncachedata_start__ + 40\n");

void device_start(const uint8_t* slot, size_t bytes, int32_t tpu) {
  if (bytes > 0) g_disk.files["/undertone/slot0"].assign(slot, slot + bytes);
  coralmicro::g_tpu_there = tpu != 0;
  std::thread(app_main, nullptr).detach();
}
int32_t device_port(void) { return g_port; }
int32_t device_leds(void) { return g_leds; }
int32_t device_resets(void) { return g_resets; }
int32_t device_ended(void) { return g_ended; }
int32_t device_refreshes(void) { return g_refreshes; }
int32_t watchdog_seconds(void) { return g_watchdog_seconds; }
void tpu_there(int32_t there) { coralmicro::g_tpu_there = there != 0; }
void reset_flags(uint32_t flags) { g_reset_flags = flags; }
int32_t usb_transfers(void) { return g_usb.transfers; }
void usb_bad(int32_t from, int32_t to, int32_t end) {
  g_usb.bad_from = from;
  g_usb.bad_to = to;
  g_usb.end = static_cast<FakeUsbEnd>(end);
}
int32_t microphone_on(void) { return g_microphone.readers; }
int32_t microphone_starts(void) { return g_microphone.started; }
void microphone_overflow(int32_t buffers) { g_microphone.overflow = buffers; }
void crash(const uint32_t* frame, uint32_t reason) { undertone::UndertoneCrash(frame, reason); }
void host_sleeps(int32_t sleeps) { g_spinning = sleeps != 0 ? coralmicro::kUsbDeviceTaskPriority : -1; }
/* The task's stack is used up, and what it would have put away there. */
void stack_overflow(const uint32_t* saved) {
  g_fake_task.top = saved;
  g_fake_task.stack[0] = 1;
}
size_t disk_read(const char* path, uint8_t* bytes, size_t most) {
  const auto& content = g_disk.files[path];
  std::copy_n(content.begin(), std::min(most, content.size()), bytes);
  return content.size();
}
void console_in(const uint8_t* bytes, size_t count) {
  const std::lock_guard<std::mutex> lock(g_console.mutex);
  g_console.in.append(reinterpret_cast<const char*>(bytes), count);
}
size_t console_out(uint8_t* bytes, size_t most) {
  const std::lock_guard<std::mutex> lock(g_console.mutex);
  const size_t count = std::min(most, g_console.out.size());
  std::copy_n(g_console.out.begin(), count, bytes);
  g_console.out.erase(0, count);
  return count;
}
}
