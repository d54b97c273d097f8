"""Teachers, by name: what hears a feature of every clip and says how likely each class is.

Importing this package imports every module in it, and each teacher registers itself.
"""

from firmware_bridge.base.parts import import_all
from train.teacher.registry import TEACHERS, Lesson, TeacherPart, Trained, teacher

import_all(__name__, __path__)

__all__ = ["TEACHERS", "Lesson", "TeacherPart", "Trained", "teacher"]
