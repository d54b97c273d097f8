"""Models made on the spot: what tests, fuzzing and examples need when no file is at hand."""

from edgetpu_models.testing.compiled import compiled
from edgetpu_models.testing.network import Network, small_network

__all__ = ["Network", "compiled", "small_network"]
