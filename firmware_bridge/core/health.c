/* How the device is: why it started, what it lacks, what its last crash left. */
#include "crash.h"
#include "handlers.h"

ut_health ut_health_of(const ut_device *device) {
    ut_health health = {UT_RESET_UNKNOWN, 0, 0, 0, 0, 0};
    if (device->port->health != 0) {
        device->port->health(device->port->context, &health);
    }
    return health;
}

/* A network that failed may have left the Edge TPU in any state: it is not asked then. */
static int32_t temperature(const ut_device *device) {
    const ut_port *const port = device->port;
    return port->temperature != 0 && !device->recovery.wanted ? port->temperature(port->context) : INT32_MIN;
}

void ut_write_health(const ut_device *device, struct ut_msg_stats *stats) {
    const ut_health health = ut_health_of(device);
    stats->temperature_mc = temperature(device);
    stats->reset_reason = health.reset_reason;
    stats->restarts = health.restarts;
    stats->watchdog_resets = health.watchdog_resets;
    stats->faults = health.faults;
    stats->tpu_failures = health.tpu_failures;
}

uint8_t ut_on_get_crash(ut_device *device, union ut_reply *reply) {
    struct ut_msg_crash *const message = &reply->crash;
    const ut_crash *const crash = device->port->crash != 0 ? device->port->crash(device->port->context) : 0;
    message->reason = UT_RESET_UNKNOWN;
    message->uptime_ms = 0;
    message->task_count = message->registers_count = message->trace_count = 0;
    if (crash == 0 || crash->reason == UT_RESET_UNKNOWN) {
        return UT_KIND_CRASH;
    }
    message->reason = (uint8_t)crash->reason;
    message->uptime_ms = crash->uptime_ms;
    message->registers_count = UT_CRASH_REGISTERS;
    message->trace_count = (uint8_t)(crash->trace_count < UT_CRASH_TRACE ? crash->trace_count : UT_CRASH_TRACE);
    while (message->task_count < UT_CRASH_TASK && crash->task[message->task_count] != '\0') {
        message->task[message->task_count] = crash->task[message->task_count];
        ++message->task_count;
    }
    for (size_t i = 0; i < UT_CRASH_REGISTERS; ++i) {
        message->registers[i] = crash->registers[i];
    }
    for (size_t i = 0; i < message->trace_count; ++i) {
        message->trace[i] = crash->trace[i];
    }
    return UT_KIND_CRASH;
}
