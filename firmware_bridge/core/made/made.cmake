# Made by firmware_bridge.ports.sources: do not edit.
set(UNDERTONE_DEFINITIONS UT_MAX_WINDOW=512 UT_MAX_CHANNELS=64)
