/* The port's parts as C functions, and the fakes' state. */
#include <cstring>

#include "clock.h"
#include "flash.h"
#include "libs/base/timer.h"
#include "libs/base/filesystem.h"
#include "libs/tensorflow/utils.h"
#include "mailbox.h"
#include "models.h"
#include "ring.h"
#include "tcp.h"
#include "uart.h"
#include "libs/base/reset.h"
#include "restart.h"
#include "tokens.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_wdog.h"
#include "wire.h"

FakeDisk g_disk;
std::atomic<uint32_t> g_waited{0}, g_woken{0};
std::atomic<bool> g_ended{false};
uint32_t g_reset_flags = 1;
std::atomic<int> g_resets{0}, g_refreshes{0}, g_watchdog_seconds{0};
namespace coralmicro {
std::atomic<bool> g_tpu_there{true};
PerformanceMode g_tpu_mode = PerformanceMode::kLow;
}  // namespace coralmicro

namespace {
uint8_t g_ring_items[8];
undertone::Ring<uint8_t, 8> g_ring(g_ring_items);
std::vector<uint8_t> g_came[2], g_sent[2]; /* by TCP, by UART */

size_t TakeFrom(std::vector<uint8_t>& from, uint8_t* bytes, size_t most) {
  const size_t count = std::min(most, from.size());
  std::copy_n(from.begin(), count, bytes);
  from.erase(from.begin(), from.begin() + static_cast<ptrdiff_t>(count));
  return count;
}
}  // namespace

namespace undertone {
void TcpStart(TaskHandle_t) {}
void UartStart(TaskHandle_t) {}
size_t TcpTake(uint8_t* bytes, size_t most) { return TakeFrom(g_came[0], bytes, most); }
size_t UartTake(uint8_t* bytes, size_t most) { return TakeFrom(g_came[1], bytes, most); }
void TcpSend(const uint8_t* bytes, size_t count) { g_sent[0].insert(g_sent[0].end(), bytes, bytes + count); }
void UartSend(const uint8_t* bytes, size_t count) { g_sent[1].insert(g_sent[1].end(), bytes, bytes + count); }
}  // namespace undertone

extern "C" {
int32_t flash_read(uint32_t area, size_t offset, uint8_t* bytes, size_t count) {
  return undertone::FlashRead(nullptr, area, offset, bytes, count);
}
int32_t flash_erase(uint32_t area) { return undertone::FlashErase(nullptr, area); }
int32_t flash_program(uint32_t area, size_t offset, const uint8_t* bytes, size_t count) {
  return undertone::FlashProgram(nullptr, area, offset, bytes, count);
}
const char* disk_log(void) { return g_disk.log.c_str(); }
void disk_fail_after(int32_t operations) { g_disk.until_failure = operations; }
int32_t disk_open(void) { return g_disk.open; }
int32_t disk_size(const char* path) {
  const auto found = g_disk.files.find(path);
  return found == g_disk.files.end() ? -1 : static_cast<int32_t>(found->second.size());
}

void tpu_there(int32_t there) { coralmicro::g_tpu_there = there != 0; }
int32_t tpu_mode(void) { return static_cast<int32_t>(coralmicro::g_tpu_mode); }
void restart_start(uint32_t flags) {
  g_reset_flags = flags;
  undertone::RestartStart();
}
int32_t restart_spoilt(void) { return undertone::RestartSpoiltByTpu(); }
void restart_opening(int32_t opening) { undertone::RestartOpeningTpu(opening != 0); }
void restart(uint32_t reason) { undertone::Restart(static_cast<uint8_t>(reason)); }
int32_t health_reason(void) {
  ut_health health = {};
  undertone::Health(nullptr, &health);
  return health.reset_reason;
}
uint32_t health_count(int32_t watchdog) {
  ut_health health = {};
  undertone::Health(nullptr, &health);
  return watchdog != 0 ? health.watchdog_resets : health.restarts;
}
void timer_set(uint64_t fixed, int32_t torn) {
  coralmicro::g_timer.fixed = fixed;
  coralmicro::g_timer.torn = torn;
}
uint32_t clock_ms(void) { return undertone::Milliseconds(nullptr); }
void mailbox_start(void) { undertone::MailboxStart(); }
int32_t mailbox_there(void) { return undertone::MailboxIsThere(); }
int32_t mailbox_needs_restart(void) { return undertone::MailboxNeedsRestart(); }
int32_t mailbox_temperature(void) { return undertone::MailboxTemperature(nullptr); }
int32_t usb_transfers(void) { return g_usb.transfers; }
void usb_bad(int32_t from, int32_t to, int32_t end) {
  g_usb.bad_from = from;
  g_usb.bad_to = to;
  g_usb.end = static_cast<FakeUsbEnd>(end);
}
void usb_late(void) { g_usb.late(g_usb.late_parameter, nullptr, 64, kStatus_USB_Success); }
int32_t usb_dead_writes(void) { return g_usb.dead_writes; }
int32_t mailbox_load(uint32_t network, const uint8_t* model, size_t bytes, size_t arena, size_t in,
                     size_t out) {
  return undertone::MailboxLoad(nullptr, network, model, bytes, arena, in, out);
}
int32_t mailbox_infer(uint32_t network, const int8_t* input, size_t in, int8_t* output, size_t out) {
  return undertone::MailboxInfer(nullptr, network, input, in, output, out);
}
uint32_t mailbox_arena(void) { return undertone::MailboxArenaBytes(); }
const uint8_t* models_keep(const uint8_t* model, size_t bytes) { return undertone::ModelsKeep(model, bytes); }
int32_t models_full(void) { return undertone::ModelsFull(); }
uint32_t models_bytes(void) { return undertone::ModelsBytes(); }

size_t ring_put(const uint8_t* items, size_t count) { return g_ring.Put(items, count); }
size_t ring_take(uint8_t* items, size_t count) { return g_ring.Take(items, count); }
void ring_clear(void) { g_ring.Clear(); }
uint32_t ring_held(void) { return g_ring.Held(); }
uint32_t ring_room(void) { return g_ring.Room(); }
uint32_t ring_peak(void) { return g_ring.Peak(); }

void wire_came(int32_t way, const uint8_t* bytes, size_t count) {
  g_came[way].insert(g_came[way].end(), bytes, bytes + count);
}
size_t wire_take(uint8_t* bytes, size_t most, uint32_t wait_ms) {
  return undertone::WireTake(bytes, most, wait_ms);
}
void wire_send(const uint8_t* bytes, size_t count) { undertone::WireSend(nullptr, bytes, count); }
size_t wire_sent(int32_t way, uint8_t* bytes, size_t most) { return TakeFrom(g_sent[way], bytes, most); }
uint32_t waited(void) { return g_waited; }
}
