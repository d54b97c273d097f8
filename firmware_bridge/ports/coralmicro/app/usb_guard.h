/* Every transfer to the Edge TPU passes here. */
#ifndef UNDERTONE_CORALMICRO_USB_GUARD_H
#define UNDERTONE_CORALMICRO_USB_GUARD_H

#include <cstdint>

namespace undertone {

/* Before a run of a network. */
void UsbGuardBegin();

/* After it: whether every transfer since UsbGuardBegin was completed without error. What is still under way is
 * cut off: its end will reach nobody. */
bool UsbGuardEnd();

} /* namespace undertone */

#endif
