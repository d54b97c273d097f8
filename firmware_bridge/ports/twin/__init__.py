"""The firmware on an emulated Cortex-M7, with a small model of the board around it."""
