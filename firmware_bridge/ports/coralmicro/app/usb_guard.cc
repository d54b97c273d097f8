/* The SDK waits 200 ms for a transfer, then gives it up without cancelling it: its callback, when it comes, writes
 * into a stack frame that is gone. And the result of a parameter upload is not looked at, though its token is
 * noted as cached. Both are mended here, between the SDK's driver and its USB host class: the linker leads the
 * driver's calls to these functions (--wrap in CMakeLists.txt). One task runs networks; callbacks come from the USB
 * host's task.
 *
 * A callback that comes in the few microseconds between the SDK's giving up and its next transfer still reaches the
 * dead frame: the board restarts right after. */
#include "usb_guard.h"

#include <atomic>

#include "libs/tpu/usb_host_edgetpu.h"

namespace undertone {
namespace {

struct Waiting {
  transfer_callback_t callback;
  void* parameter;
};

Waiting g_waiting;
std::atomic<uint32_t> g_number{0}; /* of the transfer whose end is waited for; odd: there is one */
std::atomic<uint32_t> g_failed{0};

/* The SDK begins a transfer although the one before has not ended: it had given that up. */
void GiveUp() {
  if (g_number.load() % 2 != 0) {
    g_number.fetch_add(1);
    g_failed.fetch_add(1);
  }
}

void Ended(void* parameter, uint8_t* data, uint32_t count, usb_status_t status) {
  uint32_t number = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(parameter));
  const Waiting waiting = g_waiting;
  if (!g_number.compare_exchange_strong(number, number + 1)) {
    return; /* given up: nobody is there any more */
  }
  if (status != kStatus_USB_Success) {
    g_failed.fetch_add(1);
  }
  waiting.callback(waiting.parameter, data, count, status);
}

void* Begin(transfer_callback_t callback, void* parameter) {
  GiveUp();
  g_waiting = {callback, parameter};
  return reinterpret_cast<void*>(static_cast<uintptr_t>(g_number.fetch_add(1) + 1));
}

/* A transfer that did not even begin has no end. */
usb_status_t Begun(usb_status_t status) {
  if (status != kStatus_USB_Success) {
    GiveUp();
  }
  return status;
}

} /* namespace */

void UsbGuardBegin() {
  GiveUp();
  g_failed.store(0);
}

bool UsbGuardEnd() {
  GiveUp();
  return g_failed.load() == 0;
}

extern "C" {

usb_status_t __real_USB_HostEdgeTpuBulkOutSend(usb_host_edgetpu_instance_t* tpu, uint8_t endpoint, uint8_t* buffer,
                                               uint16_t length, transfer_callback_t callback, void* parameter);
usb_status_t __real_USB_HostEdgeTpuBulkInRecv(usb_host_edgetpu_instance_t* tpu, uint8_t endpoint, uint8_t* buffer,
                                              uint32_t length, transfer_callback_t callback, void* parameter);
usb_status_t __real_USB_HostEdgeTpuControl(usb_host_edgetpu_instance_t* tpu, usb_setup_struct_t* setup,
                                           uint8_t* buffer, transfer_callback_t callback, void* parameter);

usb_status_t __wrap_USB_HostEdgeTpuBulkOutSend(usb_host_edgetpu_instance_t* tpu, uint8_t endpoint, uint8_t* buffer,
                                               uint16_t length, transfer_callback_t callback, void* parameter) {
  void* const number = Begin(callback, parameter);
  return Begun(__real_USB_HostEdgeTpuBulkOutSend(tpu, endpoint, buffer, length, Ended, number));
}

usb_status_t __wrap_USB_HostEdgeTpuBulkInRecv(usb_host_edgetpu_instance_t* tpu, uint8_t endpoint, uint8_t* buffer,
                                              uint32_t length, transfer_callback_t callback, void* parameter) {
  void* const number = Begin(callback, parameter);
  return Begun(__real_USB_HostEdgeTpuBulkInRecv(tpu, endpoint, buffer, length, Ended, number));
}

usb_status_t __wrap_USB_HostEdgeTpuControl(usb_host_edgetpu_instance_t* tpu, usb_setup_struct_t* setup,
                                           uint8_t* buffer, transfer_callback_t callback, void* parameter) {
  void* const number = Begin(callback, parameter);
  return Begun(__real_USB_HostEdgeTpuControl(tpu, setup, buffer, Ended, number));
}
}

} /* namespace undertone */
