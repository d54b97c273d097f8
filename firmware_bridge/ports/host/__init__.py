"""The device's core as a process on this machine."""
