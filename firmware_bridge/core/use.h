/* What changes the whole device: another slot, or everything forgotten. */
#ifndef UNDERTONE_USE_H
#define UNDERTONE_USE_H

#include <stdint.h>

struct ut_device;

/* Forget segment, replies, listening and update; what `reset` and a new session do. */
void ut_device_forget(struct ut_device *device);

/* Load the image of a slot and use it from now on. Returns 0, or a code of ut_error_code. */
int32_t ut_device_use(struct ut_device *device, int32_t slot);

#endif
