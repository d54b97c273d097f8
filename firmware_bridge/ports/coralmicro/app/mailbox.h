/* The two networks, on the Edge TPU. */
#ifndef UNDERTONE_CORALMICRO_MAILBOX_H
#define UNDERTONE_CORALMICRO_MAILBOX_H

#include <cstddef>
#include <cstdint>

namespace undertone {

/* Begin to power the Edge TPU, for as long as the firmware runs: without power it forgets the networks'
 * parameters. A task of its own waits for it, for ever if need be. */
void MailboxStart();

/* Whether it came up. */
bool MailboxIsThere();

/* Whether a network is loaded that shares its parameter-caching token with one that it replaced: the SDK would run
 * it on the old one's parameters. It is not run; after a restart it is. */
bool MailboxNeedsRestart();

/* As in ut_port. */
int32_t MailboxTemperature(void* context);

/* As in ut_port. */
int32_t MailboxLoad(void* context, uint32_t network, const uint8_t* model, size_t bytes, size_t arena_bytes,
                    size_t inputs, size_t outputs);
int32_t MailboxInfer(void* context, uint32_t network, const int8_t* input, size_t inputs, int8_t* output,
                     size_t outputs);

/* Bytes of the arenas in use. */
uint32_t MailboxArenaBytes();

} /* namespace undertone */

#endif
