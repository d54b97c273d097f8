/* Every network gets an address that no other network had since the start. */
#ifndef UNDERTONE_CORALMICRO_MODELS_H
#define UNDERTONE_CORALMICRO_MODELS_H

#include <cstddef>
#include <cstdint>

namespace undertone {

/* Return a copy of a network that stays where it is until the board restarts; the same one for the same
 * bytes. Null where there is no room left. */
const uint8_t* ModelsKeep(const uint8_t* model, size_t bytes);

/* Whether another image of full size might find no room. */
bool ModelsFull();

/* Bytes that are kept. */
uint32_t ModelsBytes();

} /* namespace undertone */

#endif
