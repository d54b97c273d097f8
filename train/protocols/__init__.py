"""Protocols: who is trained on and who is scored, by name, and what each may claim.

Importing this package imports every module in it, and each protocol registers itself; `plan(...)` is the way in.
"""

from firmware_bridge.base.parts import import_all
from train.protocols.plan import LEAKS_SPEAKERS, Fold, Plan
from train.protocols.registry import PROTOCOLS, Options, plan

import_all(__name__, __path__)

__all__ = ["LEAKS_SPEAKERS", "PROTOCOLS", "Fold", "Options", "Plan", "plan"]
