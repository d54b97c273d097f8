"""The small acoustic transformer that goes onto the chip, and others, by name.

Importing this package imports every module in it, and each student registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.student.registry import STUDENTS, StudentPart, student

import_all(__name__, __path__)

__all__ = ["STUDENTS", "StudentPart", "student"]
