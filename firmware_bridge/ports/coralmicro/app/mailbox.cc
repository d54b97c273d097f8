/* Both networks must come from one call of the Edge TPU compiler: only then do they carry one
 * parameter-caching token, and stay in the TPU's memory together. With two tokens every change of network
 * would send its parameters again. Nothing here can tell: the times of the stages would. */
#include "mailbox.h"

#include <atomic>
#include <climits>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

#include "core.h"
#include "libs/base/check.h"
#include "libs/base/tasks.h"
#include "libs/tensorflow/utils.h"
#include "libs/tpu/edgetpu_manager.h"
#include "libs/tpu/edgetpu_op.h"
#include "models.h"
#include "restart.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"
#include "tokens.h"
#include "usb_guard.h"

namespace undertone {
namespace {

using Resolver = tflite::MicroMutableOpResolver<1>;

STATIC_TENSOR_ARENA_IN_SDRAM(g_acoustic_arena, kArenaBytes);
STATIC_TENSOR_ARENA_IN_SDRAM(g_keyword_arena, kArenaBytes);
uint8_t* const kArenas[UT_NETWORKS] = {g_acoustic_arena, g_keyword_arena};

constexpr uint32_t kRetryMs = 1000;
constexpr UBaseType_t kOpenerPriority = 1;
constexpr configSTACK_DEPTH_TYPE kOpenerStackWords = configMINIMAL_STACK_SIZE * 30;

std::shared_ptr<coralmicro::EdgeTpuContext> g_tpu;
std::atomic<bool> g_there{false};
bool g_failed = false; /* a run went wrong: nobody knows what the TPU holds */
std::optional<tflite::MicroInterpreter> g_networks[UT_NETWORKS];

/* The whole network is one operation of the TPU's. Where the compiler left one to the CPU, the network is
 * refused. */
const Resolver& Operations() {
  static Resolver resolver;
  if (resolver.GetRegistrationLength() == 0) {
    resolver.AddCustom(coralmicro::kCustomOp, coralmicro::RegisterCustomOp());
  }
  return resolver;
}

bool IsInt8Of(const TfLiteTensor* tensor, size_t values) {
  return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == values;
}

int32_t Prepare(tflite::MicroInterpreter& interpreter, size_t inputs, size_t outputs) {
  if (interpreter.AllocateTensors() != kTfLiteOk) {
    return UT_LOAD_BROKEN;
  }
  const bool fits = interpreter.inputs_size() == 1 && IsInt8Of(interpreter.input(0), inputs) &&
                    interpreter.outputs_size() == 1 && IsInt8Of(interpreter.output(0), outputs);
  return fits ? UT_LOADED : UT_LOAD_SHAPE;
}

/* The SDK waits without bound for a TPU that does not show itself. */
[[noreturn]] void Open(void* /*unused*/) {
  RestartOpeningTpu(true);
  for (;;) {
    g_tpu = coralmicro::EdgeTpuManager::GetSingleton()->OpenDevice(coralmicro::PerformanceMode::UT_TPU_MODE);
    if (g_tpu != nullptr) {
      break;
    }
    vTaskDelay(pdMS_TO_TICKS(kRetryMs));
  }
  RestartOpeningTpu(false);
  g_there = true;
  for (;;) {
    vTaskSuspend(nullptr);
  }
}

} /* namespace */

void MailboxStart() {
  CHECK(xTaskCreate(Open, "undertone_tpu", kOpenerStackWords, nullptr, kOpenerPriority, nullptr) == pdPASS);
}

bool MailboxIsThere() { return g_there; }

bool MailboxNeedsRestart() { return TokensStale(); }

int32_t MailboxTemperature(void* /*context*/) {
  if (!g_there || g_failed) {
    return INT32_MIN;
  }
  const auto celsius = coralmicro::EdgeTpuManager::GetSingleton()->GetTemperature();
  return celsius ? static_cast<int32_t>(std::lround(*celsius * 1000.0f)) : INT32_MIN;
}

int32_t MailboxLoad(void* /*context*/, uint32_t network, const uint8_t* model, size_t bytes,
                    size_t arena_bytes, size_t inputs, size_t outputs) {
  g_networks[network].reset();
  if (!g_there) {
    return UT_LOAD_BROKEN;
  }
  const uint8_t* const kept = arena_bytes <= kArenaBytes ? ModelsKeep(model, bytes) : nullptr;
  if (kept == nullptr) {
    return UT_LOAD_ARENA;
  }
  const tflite::Model* const parsed = tflite::GetModel(kept);
  if (parsed->version() != TFLITE_SCHEMA_VERSION) {
    return UT_LOAD_BROKEN;
  }
  static tflite::MicroErrorReporter reporter;
  auto& interpreter =
      g_networks[network].emplace(parsed, Operations(), kArenas[network], size_t{kArenaBytes}, &reporter);
  const int32_t status = Prepare(interpreter, inputs, outputs);
  if (status != UT_LOADED) {
    g_networks[network].reset();
    return status;
  }
  TokensNote(network, *parsed);
  return status;
}

int32_t MailboxInfer(void* /*context*/, uint32_t network, const int8_t* input, size_t inputs, int8_t* output,
                     size_t outputs) {
  auto& interpreter = g_networks[network];
  if (!interpreter || g_failed || TokensStale()) {
    return 1;
  }
  /* Each time anew: the SDK flips the sign bits of this tensor where it lies, for the TPU counts from 0. */
  std::memcpy(interpreter->input(0)->data.int8, input, inputs);
  UsbGuardBegin();
  const TfLiteStatus status = interpreter->Invoke();
  if (!UsbGuardEnd() || status != kTfLiteOk) {
    g_failed = true;
    return 1;
  }
  std::memcpy(output, interpreter->output(0)->data.int8, outputs);
  return 0;
}

uint32_t MailboxArenaBytes() {
  size_t bytes = 0;
  for (const auto& interpreter : g_networks) {
    bytes += interpreter ? interpreter->arena_used_bytes() : 0;
  }
  return static_cast<uint32_t>(bytes);
}

} /* namespace undertone */
