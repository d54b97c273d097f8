"""One run over a device: stream, observe, judge."""
