"""Features, by name: what a teacher hears of every clip.

Importing this package imports every module in it, and each feature registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.features.registry import FEATURES, FeaturePart, FeatureSequences, Speech, feature

import_all(__name__, __path__)

__all__ = ["FEATURES", "FeaturePart", "FeatureSequences", "Speech", "feature"]
