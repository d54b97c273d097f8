/* Where the large buffers lie. The linker script of the board has a section for SDRAM, and none for variables
 * in OCRAM: what asks for one there is put into DTCM, outside of what the start-up code clears.
 *
 * SDRAM is not cleared at the start either: nothing with a constructor, nothing that is read before it is
 * written. */
#ifndef UNDERTONE_CORALMICRO_SDRAM_H
#define UNDERTONE_CORALMICRO_SDRAM_H

/* The compiler would mark the section as one with contents, and megabytes of zeros would be sent to the
 * board: the assembler's own words stand in the name, the rest of the line becomes a comment. */
#ifdef __arm__
#define UT_SDRAM __attribute__((aligned(16), section(".sdram_bss,\"aw\",%nobits @")))
#else /* the tests of these files */
#define UT_SDRAM __attribute__((aligned(16)))
#endif

#endif
