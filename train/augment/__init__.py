"""Augmentation, by name: what training windows go through.

Importing this package imports every module in it, and each augmentation registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.augment.everyday import AugmentSettings, place, vary_features, vary_sound
from train.augment.registry import AUGMENTS, Augment

import_all(__name__, __path__)

__all__ = ["AUGMENTS", "Augment", "AugmentSettings", "place", "vary_features", "vary_sound"]
