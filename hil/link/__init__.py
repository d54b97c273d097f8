"""Bytes to and from a device."""
