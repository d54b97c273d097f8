"""The tiny whole bundle, and clips to stream through what runs it."""

from tests.support.tiny_bundle import bundle, bundle_path, segments

__all__ = ["bundle", "bundle_path", "segments"]
