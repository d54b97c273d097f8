"""Whether this user may open what the flash tool opens, asked before anything is written."""

from __future__ import annotations

import os

from firmware_bridge.base.errors import EnvironmentLacking
from tools.board.usb import USB_IDS, State, UsbBoard

RULES_FILE = "/etc/udev/rules.d/99-coral-micro.rules"
SDK_RULES = "scripts/99-coral-micro.rules"


def uncovered(rules: str) -> list[str]:
    """Return the USB ids of the board's states for which the udev rules have nothing.

    Args:
        rules: The text of all rules.
    """
    lines = [line for line in rules.lower().splitlines() if not line.lstrip().startswith("#")]
    return [usb for usb in USB_IDS if not any(all(part in line for part in usb.split(":")) for line in lines)]


def install_rules(sdk: str = "") -> str:
    """Return the command that installs the SDK's udev rules.

    Args:
        sdk: The SDK's folder; the variable that names it, where it is not known.
    """
    source = f"{sdk or '$CORALMICRO_DIR'}/{SDK_RULES}"
    return f"sudo cp {source} {RULES_FILE} && sudo udevadm control --reload && sudo udevadm trigger"


def may_open_file(path: str) -> bool:
    """Whether this user may read and write a device file."""
    return os.access(path, os.R_OK | os.W_OK)


def require_rights(board: UsbBoard, rules: str, is_root: bool, sdk: str = "") -> None:
    """Refuse to start a flash run that would end half-way for want of rights.

    A board changes its USB id three times on the way; the files of the later states do not exist yet, so
    the udev rules must speak for them.

    Args:
        board: The board to be flashed.
        rules: The text of this machine's udev rules.
        is_root: Root may do everything.
        sdk: The SDK's folder, for the remedy.

    Raises:
        EnvironmentLacking: A file that cannot be opened, or a state without a rule.
    """
    if is_root:
        return
    opened = board.ports if board.state is State.RUNNING else board.nodes
    closed = [path for path in opened if not may_open_file(path)]
    if closed:
        raise EnvironmentLacking(
            f"this user may not open {', '.join(closed)}",
            f"install the board's udev rules: {install_rules(sdk)}",
        )
    missing = uncovered(rules)
    if missing:
        raise EnvironmentLacking(
            f"no udev rule for {', '.join(missing)}: the flash tool would stop half-way, when the board comes "
            "back under that id",
            install_rules(sdk),
        )
