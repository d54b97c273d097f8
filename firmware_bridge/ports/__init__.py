"""Where the device's core runs: a host process, an emulated Cortex-M7, the board."""
