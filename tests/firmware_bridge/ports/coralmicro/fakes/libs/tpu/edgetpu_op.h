#ifndef FAKE_EDGETPU_OP_H
#define FAKE_EDGETPU_OP_H

struct TfLiteRegistration {};

namespace coralmicro {
inline constexpr char kCustomOp[] = "edgetpu-custom-op";
inline TfLiteRegistration* RegisterCustomOp() {
  static TfLiteRegistration registration;
  return &registration;
}
}  // namespace coralmicro

#endif
