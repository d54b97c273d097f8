"""Sound files, rooms and noise."""
