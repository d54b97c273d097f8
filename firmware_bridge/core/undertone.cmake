# The device's core and its front-end as CMake sees them: every build of them includes this file.
#
# Wants UNDERTONE_MADE: a folder of what is made for a front-end and its windows (protocol_*, ut_config.h, ut_tables.c,
# made.cmake). By default core/made, which is for the preset `yamnet` with windows of 5 s every second; for a bundle:
#
#   python -m firmware_bridge.ports.sources --bundle DIR --out MADE
#
# Sets UNDERTONE_SOURCES, UNDERTONE_INCLUDES, UNDERTONE_DEFINITIONS and UNDERTONE_OPTIONS.
if(NOT DEFINED UNDERTONE_MADE)
    set(UNDERTONE_MADE "${CMAKE_CURRENT_LIST_DIR}/made")
endif()
if(NOT EXISTS "${UNDERTONE_MADE}/made.cmake")
    message(FATAL_ERROR "UNDERTONE_MADE holds nothing that was made for the core: '${UNDERTONE_MADE}'")
endif()
# Sets UNDERTONE_DEFINITIONS: the front-end's sizes, the same in every file.
include("${UNDERTONE_MADE}/made.cmake")

get_filename_component(undertone_frontend "${CMAKE_CURRENT_LIST_DIR}/../microfrontend/core" ABSOLUTE)
file(GLOB UNDERTONE_SOURCES CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_LIST_DIR}/*.c" "${undertone_frontend}/*.c" "${UNDERTONE_MADE}/*.c")
set(UNDERTONE_INCLUDES "${CMAKE_CURRENT_LIST_DIR}" "${undertone_frontend}" "${UNDERTONE_MADE}")
# Contraction off: a fused multiply-add would shift a feature by one.
set(UNDERTONE_OPTIONS -std=c99 -O2 -ffp-contract=off -Wall -Wextra -Wconversion -Wshadow -Werror)
