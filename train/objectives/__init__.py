"""Objectives: losses of teachers and students, functions of TensorFlow tensors, by name.

Importing this package imports every module in it, and each objective registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.objectives.registry import OBJECTIVES, Objective, objective

import_all(__name__, __path__)

__all__ = ["OBJECTIVES", "Objective", "objective"]
