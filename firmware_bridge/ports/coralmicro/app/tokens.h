/* Parameter-caching tokens of the networks that were loaded since the start. */
#ifndef UNDERTONE_CORALMICRO_TOKENS_H
#define UNDERTONE_CORALMICRO_TOKENS_H

#include <cstdint>

#include "libs/tensorflow/utils.h"

namespace undertone {

/* A network was loaded, by its number; its operation is the Edge TPU's. */
void TokensNote(uint32_t network, const tflite::Model& model);

/* Whether another network of the same number had the same token before. */
bool TokensStale();

} /* namespace undertone */

#endif
