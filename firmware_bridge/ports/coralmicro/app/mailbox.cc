/* Both networks must come from one call of the Edge TPU compiler: only then do they carry one
 * parameter-caching token, and stay in the TPU's memory together. With two tokens every change of network
 * would send its parameters again. Nothing here can tell: the times of the stages would. */
#include "mailbox.h"

#include <cstring>
#include <memory>
#include <optional>

#include "core.h"
#include "libs/tensorflow/utils.h"
#include "libs/tpu/edgetpu_manager.h"
#include "libs/tpu/edgetpu_op.h"
#include "models.h"

namespace undertone {
namespace {

using Resolver = tflite::MicroMutableOpResolver<1>;

STATIC_TENSOR_ARENA_IN_SDRAM(g_acoustic_arena, kArenaBytes);
STATIC_TENSOR_ARENA_IN_SDRAM(g_keyword_arena, kArenaBytes);
uint8_t* const kArenas[UT_NETWORKS] = {g_acoustic_arena, g_keyword_arena};

std::shared_ptr<coralmicro::EdgeTpuContext> g_tpu;
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

} /* namespace */

bool MailboxStart() {
  g_tpu = coralmicro::EdgeTpuManager::GetSingleton()->OpenDevice(coralmicro::PerformanceMode::UT_TPU_MODE);
  return g_tpu != nullptr;
}

int32_t MailboxLoad(void* /*context*/, uint32_t network, const uint8_t* model, size_t bytes,
                    size_t arena_bytes, size_t inputs, size_t outputs) {
  g_networks[network].reset();
  if (g_tpu == nullptr) {
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
  }
  return status;
}

int32_t MailboxInfer(void* /*context*/, uint32_t network, const int8_t* input, size_t inputs, int8_t* output,
                     size_t outputs) {
  auto& interpreter = g_networks[network];
  if (!interpreter) {
    return 1;
  }
  /* Each time anew: the SDK flips the sign bits of this tensor where it lies, for the TPU counts from 0. */
  std::memcpy(interpreter->input(0)->data.int8, input, inputs);
  if (interpreter->Invoke() != kTfLiteOk) {
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
