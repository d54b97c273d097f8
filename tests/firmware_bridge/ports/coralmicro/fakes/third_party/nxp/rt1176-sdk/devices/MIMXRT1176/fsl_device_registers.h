/* What the firmware touches of the processor. */
#ifndef FAKE_DEVICE_REGISTERS_H
#define FAKE_DEVICE_REGISTERS_H

#include <cstdint>

struct FakeScb {
  uint32_t CFSR, HFSR, MMFAR, BFAR;
};
inline FakeScb* const SCB = new FakeScb{0x8200, 0x40000000, 0, 0x20100000};
enum IRQn_Type { WDOG1_IRQn };
inline void NVIC_SetPriority(IRQn_Type, uint32_t) {}
inline void SCB_CleanDCache_by_Addr(uint32_t*, int32_t) {}

#endif
