/* The board's microphone: 16 kHz, one channel. */
#ifndef UNDERTONE_CORALMICRO_MICROPHONE_H
#define UNDERTONE_CORALMICRO_MICROPHONE_H

#include <cstddef>
#include <cstdint>

namespace undertone {

void MicrophoneStart();

/* As in ut_port. */
void MicrophonePower(void* context, int32_t on);
size_t MicrophoneTake(void* context, int16_t* pcm, size_t most, uint32_t* lost);

} /* namespace undertone */

#endif
