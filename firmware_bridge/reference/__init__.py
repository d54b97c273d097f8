"""The device as a specification in Python."""
