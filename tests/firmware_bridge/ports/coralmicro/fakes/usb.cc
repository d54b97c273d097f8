/* In a file of its own, so that the linker can lead its callers elsewhere. */
#include "libs/tpu/usb_host_edgetpu.h"

FakeUsb g_usb;

static usb_status_t Transfer(uint32_t count, transfer_callback_t callback, void* parameter) {
  const int number = g_usb.transfers++;
  const bool bad = number >= g_usb.bad_from && number < g_usb.bad_to;
  const FakeUsbEnd end = bad ? g_usb.end : kUsbGood;
  if (end == kUsbRefused) return kStatus_USB_Busy;
  if (end == kUsbNever) {
    g_usb.late = callback;
    g_usb.late_parameter = parameter;
    return kStatus_USB_Success;
  }
  callback(parameter, nullptr, count, end == kUsbGood ? kStatus_USB_Success : kStatus_USB_Error);
  return kStatus_USB_Success;
}

extern "C" {
usb_status_t USB_HostEdgeTpuBulkOutSend(usb_host_edgetpu_instance_t*, uint8_t, uint8_t*, uint16_t count,
                                        transfer_callback_t callback, void* parameter) {
  return Transfer(count, callback, parameter);
}
usb_status_t USB_HostEdgeTpuBulkInRecv(usb_host_edgetpu_instance_t*, uint8_t, uint8_t*, uint32_t count,
                                       transfer_callback_t callback, void* parameter) {
  return Transfer(count, callback, parameter);
}
usb_status_t USB_HostEdgeTpuControl(usb_host_edgetpu_instance_t*, usb_setup_struct_t*, uint8_t*,
                                    transfer_callback_t callback, void* parameter) {
  return Transfer(4, callback, parameter);
}
}
