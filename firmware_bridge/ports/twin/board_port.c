/* The core's way to the board: each function writes and reads a few registers. */
#include "board_port.h"

#include <limits.h>

#include "board.h"
#include "protocol.h"
#include "startup.h"

extern const char board_on_chip_bytes[]; /* a number of the linker's, not an address */

static void send(void *context, const uint8_t *bytes, size_t count) {
    if (((const board_context *)context)->channel == BOARD_BULK) {
        board_write(BOARD_BULK_SEND_FROM, board_address(bytes));
        board_write(BOARD_BULK_SEND, (uint32_t)count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        board_write(BOARD_UART_DATA, bytes[i]);
    }
}

static uint32_t cycles(void *context) {
    (void)context;
    return board_read(BOARD_CYCLES);
}

static uint32_t milliseconds(void *context) {
    (void)context;
    return board_read(BOARD_MILLISECONDS);
}

static void marks(void *context, ut_marks *found) {
    (void)context;
    const uint32_t bulk = board_read(BOARD_BULK_PEAK), uart = board_read(BOARD_UART_PEAK);
    found->ram_bytes = board_address(board_on_chip_bytes);
    found->ram_peak_bytes = found->ram_bytes; /* nothing is allocated */
    found->stack_peak_bytes = board_stack_peak();
    found->receive_peak_bytes = bulk > uart ? bulk : uart;
    found->receive_overruns = board_read(BOARD_BULK_OVERRUNS) + board_read(BOARD_UART_OVERRUNS);
}

static int32_t temperature(void *context) {
    (void)context;
    return board_read(BOARD_TPU_THERE) != 0 ? (int32_t)board_read(BOARD_TPU_CELSIUS) : INT32_MIN;
}

static void health(void *context, ut_health *found) {
    found->reset_reason = ((const board_context *)context)->reset_reason;
    found->troubles = board_read(BOARD_TPU_THERE) != 0 ? 0 : (uint8_t)UT_TROUBLE_TPU_MISSING;
    ut_kept_health(&board_kept, found);
}

static const struct ut_crash *crash(void *context) {
    (void)context;
    return &board_kept.crash;
}

static int32_t load(void *context, uint32_t network, const uint8_t *model, size_t bytes, size_t arena_bytes,
                    size_t inputs, size_t outputs) {
    (void)context;
    board_write(BOARD_TPU_NETWORK, network);
    board_write(BOARD_TPU_MODEL, board_address(model));
    board_write(BOARD_TPU_BYTES, (uint32_t)bytes);
    board_write(BOARD_TPU_ARENA, (uint32_t)arena_bytes);
    board_write(BOARD_TPU_INPUTS, (uint32_t)inputs);
    board_write(BOARD_TPU_OUTPUTS, (uint32_t)outputs);
    board_write(BOARD_TPU_COMMAND, BOARD_TPU_LOAD);
    return (int32_t)board_read(BOARD_TPU_STATUS);
}

static int32_t infer(void *context, uint32_t network, const int8_t *input, size_t inputs, int8_t *output,
                     size_t outputs) {
    (void)context;
    board_write(BOARD_TPU_NETWORK, network);
    board_write(BOARD_TPU_INPUT, board_address(input));
    board_write(BOARD_TPU_INPUTS, (uint32_t)inputs);
    board_write(BOARD_TPU_OUTPUT, board_address(output));
    board_write(BOARD_TPU_OUTPUTS, (uint32_t)outputs);
    board_write(BOARD_TPU_COMMAND, BOARD_TPU_INFER);
    return (int32_t)board_read(BOARD_TPU_STATUS);
}

static int32_t flash_command(uint32_t command, uint32_t area, size_t offset, uint32_t address, size_t count) {
    board_write(BOARD_FLASH_AREA, area);
    board_write(BOARD_FLASH_OFFSET, (uint32_t)offset);
    board_write(BOARD_FLASH_ADDRESS, address);
    board_write(BOARD_FLASH_COUNT, (uint32_t)count);
    board_write(BOARD_FLASH_COMMAND, command);
    return (int32_t)board_read(BOARD_FLASH_STATUS);
}

static int32_t flash_read(void *context, uint32_t area, size_t offset, uint8_t *bytes, size_t count) {
    (void)context;
    return flash_command(BOARD_FLASH_READ, area, offset, board_address(bytes), count);
}

static int32_t flash_erase(void *context, uint32_t area) {
    (void)context;
    return flash_command(BOARD_FLASH_ERASE, area, 0, 0, 0);
}

static int32_t flash_program(void *context, uint32_t area, size_t offset, const uint8_t *bytes,
                             size_t count) {
    (void)context;
    return flash_command(BOARD_FLASH_PROGRAM, area, offset, board_address(bytes), count);
}

static size_t microphone(void *context, int16_t *pcm, size_t most, uint32_t *lost) {
    (void)context;
    board_write(BOARD_MICROPHONE_ADDRESS, board_address(pcm));
    board_write(BOARD_MICROPHONE_TAKE, (uint32_t)most);
    *lost += board_read(BOARD_MICROPHONE_LOST);
    return board_read(BOARD_MICROPHONE_TAKEN);
}

static void microphone_power(void *context, int32_t on) {
    (void)context;
    board_write(BOARD_MICROPHONE_POWER, on != 0);
}

void board_port(board_context *context, ut_port *port) {
    const int32_t fitted = board_read(BOARD_MICROPHONE_FITTED) != 0;
    static const uint8_t reasons[] = {[BOARD_CAUSE_POWER] = UT_RESET_POWER,
                                      [BOARD_CAUSE_ASKED] = UT_RESET_HOST,
                                      [BOARD_CAUSE_LOCKUP] = UT_RESET_FAULT};
    context->reset_reason = ut_kept_start(&board_kept, reasons[board_read(BOARD_RESET_CAUSE)]);
    port->context = context;
    port->send = send;
    port->cycles = cycles;
    port->milliseconds = milliseconds;
    port->marks = marks;
    port->health = health;
    port->crash = crash;
    port->temperature = temperature;
    port->load = load;
    port->infer = infer;
    port->flash_read = flash_read;
    port->flash_erase = flash_erase;
    port->flash_program = flash_program;
    port->microphone = fitted ? microphone : NULL;
    port->microphone_power = fitted ? microphone_power : NULL;
}

static size_t from_bulk(uint8_t *bytes, size_t most) {
    if (board_read(BOARD_BULK_WAITING) == 0) {
        return 0;
    }
    board_write(BOARD_BULK_ADDRESS, board_address(bytes));
    board_write(BOARD_BULK_TAKE, (uint32_t)most);
    return board_read(BOARD_BULK_TAKEN);
}

static size_t from_uart(uint8_t *bytes, size_t most) {
    size_t count = 0;
    while (count < most && (board_read(BOARD_UART_STATUS) & 1u) != 0) {
        bytes[count++] = (uint8_t)board_read(BOARD_UART_DATA);
    }
    return count;
}

size_t board_receive(board_context *context, uint8_t *bytes, size_t most) {
    size_t count = from_bulk(bytes, most);
    context->channel = BOARD_BULK;
    if (count == 0) {
        count = from_uart(bytes, most);
        context->channel = BOARD_UART;
    }
    return count;
}
