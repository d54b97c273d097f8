"""Talking to a device: requests, updates, captures."""
