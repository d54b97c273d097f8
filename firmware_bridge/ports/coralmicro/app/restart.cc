/* The watchdog is the hardware's own. The SDK's is fed by a timer of the highest priority, which runs on while
 * the work stands still. Its interrupt comes before its reset, at a priority that nothing here masks: a CHECK
 * stops the scheduler, an assertion masks interrupts up to FreeRTOS' level, and both leave it alone.
 *
 * Every restart goes one way, a reset by the watchdog, for it leaves RAM powered; the SDK's ResetToFlash asks
 * the power supply. What is to be kept lies at the end of OCRAM, where neither the boot loader nor this firmware
 * puts anything; a CRC-32 tells whether it lived. */
#include "restart.h"

#include "clock.h"
#include "libs/base/reset.h"
#include "mailbox.h"
#include "rt1176.h"
#include "third_party/freertos_kernel/include/FreeRTOS.h"
#include "third_party/freertos_kernel/include/task.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_soc_src.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/drivers/fsl_wdog.h"
#include "third_party/nxp/rt1176-sdk/devices/MIMXRT1176/fsl_device_registers.h"

extern "C" void UndertoneFault();

namespace undertone {
namespace {

/* The longest work is an image of 2 MB, written to flash, read back and hashed. The flash tool's way over the ROM
 * may leave the watchdog running: it must be done within this time. */
constexpr uint16_t kWatchdogSeconds = 30;
constexpr uint16_t kWarningHalfSeconds = 2;
constexpr size_t kTraceWords = 1024;
constexpr uint32_t kPaint = 0xA5A5A5A5u; /* of the kernel's, on stacks that were never used so far */
constexpr size_t kPaintWords = 4;

#ifdef __arm__
constexpr uintptr_t kPlace = UT_PLACE_RETAINED;
ut_kept& Kept() { return *reinterpret_cast<ut_kept*>(kPlace); }
#else /* the tests of these files */
ut_kept g_kept;
ut_kept& Kept() { return g_kept; }
#endif

uint8_t g_reason = UT_RESET_UNKNOWN;
bool g_spoilt = false;

/* What is still in the cache does not live through a reset. */
void Flush() { SCB_CleanDCache_by_Addr(reinterpret_cast<uint32_t*>(&Kept()), sizeof(ut_kept)); }

uint8_t HardwareReason() {
  const uint32_t flags = coralmicro::ResetGetStats().reset_reason;
  if (flags & kSRC_M7CoreIppResetFlag) {
    return UT_RESET_POWER;
  }
  if (flags & kSRC_M7CoreM7LockUpResetFlag) {
    return UT_RESET_FAULT;
  }
  if (flags & (kSRC_M7CoreWdogResetFlag | kSRC_M7CoreWdog3ResetFlag | kSRC_M7CoreWdog4ResetFlag)) {
    return UT_RESET_WATCHDOG;
  }
  return flags != 0 ? UT_RESET_HOST : UT_RESET_UNKNOWN;
}

#ifdef __arm__
/* The SDK's inter-core library has a handler of this name already, so ours goes where the processor looks: the table
 * lies in RAM. With a priority of their own the other faults come first: where the stack has no room for the registers,
 * they become a hard fault, while a hard fault would end in a lock-up, without evidence. */
void TakeFaults() {
  constexpr size_t kHardFault = 3, kUsageFault = 6;
  auto* const vectors = reinterpret_cast<volatile uintptr_t*>(static_cast<uintptr_t>(SCB->VTOR));
  for (size_t i = kHardFault; i <= kUsageFault; ++i) {
    vectors[i] = reinterpret_cast<uintptr_t>(UndertoneFault);
  }
  __DSB();
  SCB->SHCSR |= SCB_SHCSR_MEMFAULTENA_Msk | SCB_SHCSR_BUSFAULTENA_Msk | SCB_SHCSR_USGFAULTENA_Msk;
  __DSB();
}

/* Where an address can be read, up to the end of its memory; nothing elsewhere. */
ut_code MemoryOf(const uint32_t* at) {
  static constexpr ut_code kMemories[] = {
      {UT_MEMORY_DTCM_LOW, UT_MEMORY_DTCM_HIGH},
      {UT_MEMORY_OCRAM_LOW, UT_MEMORY_OCRAM_HIGH},
      {UT_MEMORY_SDRAM_LOW, UT_MEMORY_SDRAM_HIGH}};
  const auto address = reinterpret_cast<uintptr_t>(at);
  for (const ut_code& memory : kMemories) {
    if (address >= memory.low && address < memory.high) {
      return memory;
    }
  }
  return {UINT32_MAX, UINT32_MAX};
}

const uint32_t* Low(const uint32_t* frame) { return reinterpret_cast<const uint32_t*>(MemoryOf(frame).low); }
const uint32_t* Limit(const uint32_t* frame) {
  const auto* const end = reinterpret_cast<const uint32_t*>(MemoryOf(frame).high);
  return static_cast<size_t>(end - frame) < kTraceWords ? end : frame + kTraceWords;
}
#else
void TakeFaults() {}
const uint32_t* Low(const uint32_t* frame) { return frame; }
const uint32_t* Limit(const uint32_t* frame) { return frame + kTraceWords; }
#endif

/* Whether the task that runs has used up its stack. */
bool IsFull() {
  TaskStatus_t task;
  vTaskGetInfo(nullptr, &task, pdFALSE, eRunning);
  for (size_t i = 0; i < kPaintWords; ++i) {
    if (task.pxStackBase[i] != kPaint) {
      return true;
    }
  }
  return false;
}

/* Keep the evidence, and restart. */
void Leave(const uint32_t* frame, uint8_t reason, const char* task, bool overflowed) {
  const uint32_t faults[] = {SCB->CFSR, SCB->HFSR, SCB->MMFAR, SCB->BFAR};
  /* Where the firmware's code lies: ITCM, and OCRAM for what did not fit. */
  static constexpr ut_code kCode[] = {{UT_BOARD_ITCM_LOW, UT_BOARD_ITCM_HIGH},
                                      {UT_BOARD_OCRAM_LOW, UT_BOARD_OCRAM_HIGH}};
  const ut_scene scene = {.frame = frame,
                          .low = Low(frame),
                          .limit = Limit(frame),
                          .faults = faults,
                          .overflowed = overflowed ? 1 : 0,
                          .task = task,
                          .uptime_ms = Milliseconds(nullptr),
                          .code = kCode,
                          .codes = 2};
  ut_kept_crash(&Kept(), reason, &scene);
  Flush();
  WDOG_TriggerSystemSoftwareReset(WDOG1);
}

} /* namespace */

void RestartStart() {
  TakeFaults();
  g_reason = ut_kept_start(&Kept(), HardwareReason());
  g_spoilt = Kept().opening != 0;
  RestartOpeningTpu(false);
  wdog_config_t config;
  WDOG_GetDefaultConfig(&config);
  config.timeoutValue = kWatchdogSeconds * 2 - 1; /* (value + 1) / 2 seconds */
  config.enableInterrupt = true;
  config.interruptTimeValue = kWarningHalfSeconds;
  WDOG_Init(WDOG1, &config);
  NVIC_SetPriority(WDOG1_IRQn, 0);
}

bool RestartSpoiltByTpu() { return g_spoilt; }

void RestartOpeningTpu(bool opening) {
  ut_kept_opening(&Kept(), opening ? 1u : 0u);
  Flush();
}

void RestartAlive() { WDOG_Refresh(WDOG1); }

void Restart(uint8_t reason) {
  ut_kept_ask(&Kept(), reason);
  Flush();
  WDOG_TriggerSystemSoftwareReset(WDOG1);
}

void Health(void* /*context*/, ut_health* health) {
  health->reset_reason = g_reason;
  health->troubles = MailboxIsThere() ? uint8_t{0} : uint8_t{UT_TROUBLE_TPU_MISSING};
  ut_kept_health(&Kept(), health);
}

const ut_crash* Crash(void* /*context*/) { return &Kept().crash; }

/* Called by the handlers below, with the eight words that the processor pushed. */
extern "C" void UndertoneCrash(const uint32_t* frame, uint32_t reason) {
  const bool started = xTaskGetCurrentTaskHandle() != nullptr;
  Leave(frame, static_cast<uint8_t>(reason), started ? pcTaskGetName(nullptr) : "start", started && IsFull());
}

/* The kernel's, for the task that it has just put away (stack_check.h). On its stack lie r4 to r11 and the link register
 * of the exception, the floating-point registers where that says so, and what the processor pushed. */
extern "C" void vApplicationStackOverflowHook(TaskHandle_t task, char* name) {
  constexpr size_t kSaved = 9, kFloats = 16;
  constexpr uint32_t kNoFloats = 1u << 4;
  const uint32_t* const top = *static_cast<const uint32_t* const*>(static_cast<const void*>(task));
  const bool floats = (top[kSaved - 1] & kNoFloats) == 0;
  Leave(top + kSaved + (floats ? kFloats : 0), UT_RESET_FAULT, name, true);
}

#ifdef __arm__
/* Which stack the frame lies on is in bit 2 of the link register. The main stack is the handler's. */
extern "C" __attribute__((naked)) void UndertoneFault() {
  __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n mov r1, %0\n b UndertoneCrash" ::"i"(
      UT_RESET_FAULT));
}

extern "C" __attribute__((naked)) void WDOG1_IRQHandler() {
  __asm volatile("tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n mov r1, %0\n b UndertoneCrash" ::"i"(
      UT_RESET_WATCHDOG));
}
#endif

} /* namespace undertone */
