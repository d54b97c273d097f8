/* Counts the instructions of the emulated processor, one call a block. Runs on the laptop.
 *
 * A Thumb instruction is two halfwords long where the first one's top five bits are 11101, 11110 or 11111. */
#include <stddef.h>
#include <stdint.h>

struct visits {
    uint32_t bytes; /* of the block that begins here, when it was last counted */
    uint32_t instructions;
    uint64_t retired;
};

struct counter {
    uint64_t retired;
    const uint16_t *code;
    uint64_t low, bytes;   /* where the code lies for the emulated processor */
    struct visits *visits; /* [bytes / 2] by first halfword */
    uint64_t limit;        /* where `stop` is called */
    int (*stop)(void *machine);
};

void undertone_on_block(void *machine, uint64_t address, uint32_t bytes, void *user);

static uint32_t count_instructions(const uint16_t *code, uint32_t halfwords) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < halfwords; count++) {
        i += (uint32_t)(code[i] >> 11) >= 0x1Du ? 2u : 1u;
    }
    return count;
}

void undertone_on_block(void *machine, uint64_t address, uint32_t bytes, void *user) {
    struct counter *counter = user;
    const uint64_t offset = address - counter->low;
    if (address < counter->low || offset > counter->bytes || bytes > counter->bytes - offset) {
        return; /* no code of the program's: the processor faults next */
    }
    struct visits *here = &counter->visits[offset / 2];
    if (here->bytes != bytes) {
        here->bytes = bytes;
        here->instructions = count_instructions(counter->code + offset / 2, bytes / 2);
    }
    here->retired += here->instructions;
    counter->retired += here->instructions;
    if (counter->retired > counter->limit) {
        (void)counter->stop(machine);
    }
}
