/* What a port can do follows from what it has. */
#include "capabilities.h"

#include "protocol.h"

uint16_t ut_capabilities(const ut_port *port) {
    const int32_t flash = port->flash_read != 0 && port->flash_erase != 0 && port->flash_program != 0;
    const int32_t microphone = port->microphone != 0;
    return (uint16_t)((flash ? UT_CAN_UPDATE : 0) | (microphone ? UT_CAN_LIVE | UT_CAN_CAPTURE : 0));
}
