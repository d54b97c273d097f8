/* Exchange of the bundle: an image into the slot that is not in use, verified before it is enabled. */
#ifndef UNDERTONE_UPDATE_H
#define UNDERTONE_UPDATE_H

#include <stdint.h>

#include "sha256.h"

#define UT_FLASH_PAGE 2048u /* flash is programmed in pieces of this size: a page of the board's NAND */

typedef struct {
    int32_t begun;
    int32_t slot; /* that is written */
    uint32_t bytes, received;
    uint8_t sha256[32];          /* announced */
    ut_sha256 sha;               /* of what was received */
    uint8_t page[UT_FLASH_PAGE]; /* received, not yet programmed */
} ut_update;

#endif
