/* What the firmware has used: memory, stack, receive buffers. */
#ifndef UNDERTONE_CORALMICRO_MARKS_H
#define UNDERTONE_CORALMICRO_MARKS_H

#include "core.h"

namespace undertone {

/* As in ut_port. To be called by the task whose stack is meant. */
void Marks(void* context, ut_marks* marks);

} /* namespace undertone */

#endif
