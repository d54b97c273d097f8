/* The USB host class of the Edge TPU: each transfer ends as g_usb says. */
#ifndef FAKE_USB_HOST_EDGETPU_H
#define FAKE_USB_HOST_EDGETPU_H

#include <atomic>
#include <cstdint>

typedef int usb_status_t;
enum { kStatus_USB_Success = 0, kStatus_USB_Error = 1, kStatus_USB_Busy = 2 };
struct usb_host_edgetpu_instance_t {};
struct usb_setup_struct_t {};
typedef void (*transfer_callback_t)(void* parameter, uint8_t* data, uint32_t count, usb_status_t status);

enum FakeUsbEnd { kUsbGood, kUsbError, kUsbRefused, kUsbNever };
struct FakeUsb {
  int transfers = 0;
  int bad_from = -1, bad_to = -1; /* numbers of the transfers that do not end well; bad_to is the first that does */
  FakeUsbEnd end = kUsbNever;
  transfer_callback_t late = nullptr; /* of the last one that never ended */
  void* late_parameter = nullptr;
  int dead_writes = 0; /* callbacks into a stack frame that is gone */
};
extern FakeUsb g_usb;

extern "C" {
usb_status_t USB_HostEdgeTpuBulkOutSend(usb_host_edgetpu_instance_t*, uint8_t, uint8_t*, uint16_t,
                                        transfer_callback_t, void*);
usb_status_t USB_HostEdgeTpuBulkInRecv(usb_host_edgetpu_instance_t*, uint8_t, uint8_t*, uint32_t,
                                       transfer_callback_t, void*);
usb_status_t USB_HostEdgeTpuControl(usb_host_edgetpu_instance_t*, usb_setup_struct_t*, uint8_t*,
                                    transfer_callback_t, void*);
}

#endif
