"""The tiny whole bundle of the rig's tests, for the tests of what reads it."""

from __future__ import annotations

import runpy
from pathlib import Path

_RIG = runpy.run_path(str(Path(__file__).parent.parent / "hil" / "conftest.py"))
bundle = _RIG["bundle"]
segments = _RIG["segments"]
