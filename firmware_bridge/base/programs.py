"""What programs that are started by `python -m` share: how they end with an error for the user."""

from __future__ import annotations

import sys

from firmware_bridge.base.errors import UndertoneError


def complain(error: UndertoneError) -> int:
    """Write what happened and its remedy on standard error, in one line; return the exit status."""
    sys.stderr.write(f"{error.what} ({error.remedy})\n")
    return error.exit_status
