/* A TensorFlow Lite Micro whose networks say in their first bytes how they behave: schema version, whether they can
 * be prepared, type, inputs, outputs; then a token and the parameters, one byte. Output i is the sum of all inputs
 * plus i plus the parameters that the TPU holds. As on the board, Invoke flips the sign bits of the input where it
 * lies, and what the network does is looked up by the address that its bytes lie at. */
#ifndef FAKE_TENSORFLOW_UTILS_H
#define FAKE_TENSORFLOW_UTILS_H

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "libs/tpu/edgetpu_manager.h"
#include "libs/tpu/edgetpu_op.h"

#define STATIC_TENSOR_ARENA_IN_SDRAM(name, size) static uint8_t name[size] __attribute__((aligned(16)))
#define TFLITE_SCHEMA_VERSION 3

enum TfLiteStatus { kTfLiteOk, kTfLiteError };
enum TfLiteType { kTfLiteInt8, kTfLiteUInt8 };
struct TfLiteTensor {
  TfLiteType type;
  size_t bytes;
  union {
    int8_t* int8;
    uint8_t* uint8;
  } data;
};

namespace tflite {
struct Bytes {
  const uint8_t* at;
  const uint8_t* data() const { return at; }
  size_t size() const { return 9; }
};
struct Operator {
  Bytes options;
  const Bytes* custom_options() const { return &options; }
};
struct Operators {
  Operator only;
  const Operator* Get(size_t) const { return &only; }
};
struct SubGraph {
  Operators all;
  const Operators* operators() const { return &all; }
};
struct SubGraphs {
  SubGraph only;
  const SubGraph* Get(size_t) const { return &only; }
};
struct Model {
  uint8_t version_, prepares, type, unused;
  uint16_t inputs, outputs;
  uint8_t package[9];
  const SubGraphs* subgraphs() const {
    static SubGraphs made;
    made.only.all.only.options.at = package;
    return &made;
  }
  uint8_t version() const { return version_; }
};
inline const Model* GetModel(const void* bytes) { return static_cast<const Model*>(bytes); }
struct MicroErrorReporter {};

template <unsigned N>
struct MicroMutableOpResolver {
  unsigned GetRegistrationLength() const { return count; }
  void AddCustom(const char* name, TfLiteRegistration*) {
    count += std::strcmp(name, "edgetpu-custom-op") == 0;
  }
  unsigned count = 0;
};

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroMutableOpResolver<1>& resolver, uint8_t* arena, size_t size,
                   MicroErrorReporter*)
      : model_(model), known_(resolver.count == 1), arena_(arena), size_(size) {}
  TfLiteStatus AllocateTensors() {
    if (!known_ || model_->prepares == 0 || arena_used_bytes() > size_) return kTfLiteError;
    package_ = coralmicro::EdgeTpuManager::GetSingleton()->RegisterPackage(
        reinterpret_cast<const char*>(model_->package), sizeof model_->package);
    input_.type = output_.type = static_cast<TfLiteType>(model_->type);
    input_.bytes = model_->inputs;
    output_.bytes = model_->outputs;
    input_.data.uint8 = arena_;
    output_.data.uint8 = arena_ + model_->inputs;
    return kTfLiteOk;
  }
  size_t inputs_size() const { return 1; }
  size_t outputs_size() const { return 1; }
  TfLiteTensor* input(size_t) { return &input_; }
  TfLiteTensor* output(size_t) { return &output_; }
  TfLiteStatus Invoke() {
    uint8_t parameters = 0;
    const bool good = coralmicro::EdgeTpuManager::GetSingleton()->Invoke(package_, &parameters);
    int sum = parameters;
    for (size_t i = 0; i < input_.bytes; ++i) {
      sum += input_.data.int8[i];
      input_.data.uint8[i] = static_cast<uint8_t>(input_.data.uint8[i] ^ 0x80u);
    }
    for (size_t i = 0; i < output_.bytes; ++i) {
      output_.data.int8[i] = static_cast<int8_t>(sum + static_cast<int>(i));
    }
    return good ? kTfLiteOk : kTfLiteError;
  }
  size_t arena_used_bytes() const { return size_t{model_->inputs} + model_->outputs; }

 private:
  const Model* model_;
  coralmicro::EdgeTpuPackage* package_ = nullptr;
  bool known_;
  uint8_t* arena_;
  size_t size_;
  TfLiteTensor input_{}, output_{};
};
}  // namespace tflite

#endif
