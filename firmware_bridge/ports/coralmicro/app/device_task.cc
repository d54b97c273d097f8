/* One task does all of the core's work, the Edge TPU's included. It has the least priority of those that do
 * anything: USB, network and microphone go on while it computes. */
#include "device_task.h"

#include "clock.h"
#include "core.h"
#include "flash.h"
#include "libs/base/check.h"
#include "libs/base/led.h"
#include "libs/base/tasks.h"
#include "mailbox.h"
#include "marks.h"
#include "microphone.h"
#include "models.h"
#include "restart.h"
#include "sdram.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"
#include "wire.h"

namespace undertone {
namespace {

constexpr uint32_t kPollMs = 10;    /* the core wants its microphone looked after every 50 ms */
constexpr uint32_t kQuietMs = 2000; /* without a byte: a restart disturbs nobody */
constexpr uint32_t kTpuMs = 3000;   /* for the Edge TPU to come up, before the first bundle is loaded */
constexpr UBaseType_t kPriority = coralmicro::kAppTaskPriority - 1;
constexpr UBaseType_t kOpeningPriority = coralmicro::kAppTaskPriority;

UT_SDRAM uint16_t g_features[UT_STORE_FRAMES * UT_CHANNELS];
UT_SDRAM int8_t g_input[UT_WINDOW_FRAMES * UT_CHANNELS];
UT_SDRAM uint8_t g_models[kSlotBytes];
UT_SDRAM int16_t g_capture[UT_CAPTURE_SAMPLES];

/* Stack and core lie in DTCM, which costs no wait states. */
StackType_t g_stack[kStackBytes / sizeof(StackType_t)];
StaticTask_t g_task;
ut_device g_device;

constexpr ut_memory kMemory = {.features = g_features,
                               .input = g_input,
                               .models = g_models,
                               .models_bytes = kSlotBytes,
                               .capture = g_capture};

constexpr ut_port kPort = {.context = nullptr,
                           .send = WireSend,
                           .cycles = Cycles,
                           .milliseconds = Milliseconds,
                           .marks = Marks,
                           .health = Health,
                           .crash = Crash,
                           .temperature = MailboxTemperature,
                           .load = MailboxLoad,
                           .infer = MailboxInfer,
                           .flash_read = FlashRead,
                           .flash_erase = FlashErase,
                           .flash_program = FlashProgram,
                           .microphone = MicrophoneTake,
                           .microphone_power = MicrophonePower};

/* The same bundle comes up again: the update that leads here is enabled already. */
void RestartIfNeeded(uint32_t last_byte_ms) {
  if (ut_device_wants_restart(&g_device)) {
    Restart(UT_RESET_TPU);
  }
  /* See models.cc and tokens.cc. */
  if ((ModelsFull() || MailboxNeedsRestart()) && Milliseconds(nullptr) - last_byte_ms > kQuietMs) {
    Restart(UT_RESET_NETWORKS);
  }
}

void Begin() {
  static const ut_build build = {.name = "coralmicro 2",
                                 .evidence = "measured",
                                 .cycles_per_us = CyclesPerMicrosecond(),
                                 .frontend = &ut_frontend,
                                 .frontend_hash = UT_FRONTEND_HASH,
                                 .slot_bytes = kSlotBytes,
                                 .arena_bytes = kArenaBytes};
  ut_device_start(&g_device, &kPort, &build, &kMemory);
}

/* The Edge TPU comes up in a fifth of a second, if at all. Meanwhile this task has the priority of the SDK's task
 * that waits for the TPU's power without ever sleeping: below it, it would not run. */
bool AwaitTpu(uint32_t most_ms) {
  const uint32_t since = Milliseconds(nullptr);
  while (!MailboxIsThere() && Milliseconds(nullptr) - since < most_ms) {
    RestartAlive();
    vTaskDelay(pdMS_TO_TICKS(kPollMs));
  }
  return MailboxIsThere();
}

[[noreturn]] void Run(void* /*unused*/) {
  static uint8_t bytes[1024];
  RestartStart();
  coralmicro::LedSet(coralmicro::Led::kStatus, true);
  WireStart();
  MicrophoneStart();
  if (!RestartSpoiltByTpu()) {
    MailboxStart();
    AwaitTpu(kTpuMs);
  }
  bool there = MailboxIsThere();
  Begin();
  if (there) {
    vTaskPrioritySet(nullptr, kPriority);
  }
  uint32_t last_byte_ms = Milliseconds(nullptr);
  for (;;) {
    RestartAlive();
    if (!there && MailboxIsThere()) { /* late, but there: all begins anew with it */
      there = true;
      vTaskPrioritySet(nullptr, kPriority);
      Begin();
    }
    coralmicro::LedSet(coralmicro::Led::kUser, g_device.slot >= 0);
    const size_t count = WireTake(bytes, sizeof bytes, kPollMs);
    if (count > 0) {
      last_byte_ms = Milliseconds(nullptr);
      ut_device_receive(&g_device, bytes, count);
    }
    ut_device_poll(&g_device);
    RestartIfNeeded(last_byte_ms);
  }
}

} /* namespace */

void DeviceTaskStart() {
  CHECK(xTaskCreateStatic(Run, "undertone", kStackBytes / sizeof(StackType_t), nullptr, kOpeningPriority, g_stack,
                          &g_task) != nullptr);
}

} /* namespace undertone */
