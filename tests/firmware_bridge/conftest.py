"""The tiny whole bundle, for the tests of what reads it."""

from tests.support.tiny_bundle import bundle, segments

__all__ = ["bundle", "segments"]
