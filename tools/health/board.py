"""Checks of what a board needs: its state on USB, rights to the port, and nobody else on it."""

from __future__ import annotations

from tools.health.finding import Finding, ok
from tools.health.system import BOARD_ADDRESS, System

# What the board is on USB in each of its states (coralmicro's flash tool goes through them in this order).
RUNNING, ROM, FLASHLOADER, ELF_LOADER = "18d1:9308", "1fc9:013d", "15a2:0073", "18d1:9307"
STATES = {
    RUNNING: "its application runs",
    ROM: "in the chip's ROM loader (SDP): ready to be flashed",
    FLASHLOADER: "in the flash loader: a flash run was not finished",
    ELF_LOADER: "in the ELF loader: waiting for files",
}
RULES = """SUBSYSTEMS=="usb", ATTRS{idVendor}=="18d1", ATTRS{idProduct}=="9307|9308", MODE="0666" """.strip()
RULES_FILE = "/etc/udev/rules.d/99-undertone.rules"


def check_board(system: System) -> Finding:
    """The board, by what it is on USB."""
    present = system.usb_ids() | {port.usb for port in system.ports()}
    states = [vid_pid for vid_pid in STATES if vid_pid in present]
    if not states:
        return Finding(
            "board",
            "missing",
            f"no Coral Dev Board Micro on USB (looked for {', '.join(STATES)})",
            "connect it with a data cable; until then use `--dut host`",
        )
    state = states[0]
    text = f"{state}, {STATES[state]}"
    if state == RUNNING:
        return ok("board", text)
    return Finding("board", "wrong", text, "flash it, or press its reset button to start the application")


def check_ports(system: System) -> Finding:
    """The serial ports, and whether this user may open the board's."""
    ports = system.ports()
    if not ports:
        return Finding("serial ports", "missing", "none", "connect the board, or use `--dut host`")
    named = ", ".join(f"{port.device} ({port.usb or 'not USB'})" for port in ports)
    closed = [port.device for port in ports if not port.writable and port.usb in ("", RUNNING)]
    if closed:
        return Finding(
            "serial ports",
            "wrong",
            f"{named}; no right to open {', '.join(closed)}",
            "join the port's group (below), or install the udev rules",
        )
    return ok("serial ports", named)


def check_group(system: System) -> Finding:
    """On Linux a serial port belongs to the group `dialout` (Arch: `uucp`)."""
    if not system.platform().startswith("Linux"):
        return ok("group dialout", "not used on this system")
    groups = system.groups()
    mine = groups & {"root", "dialout", "uucp", "plugdev"}
    if mine:
        return ok("group dialout", f"this user is in {', '.join(sorted(mine))}")
    return Finding(
        "group dialout",
        "missing",
        "this user is not in it",
        "sudo usermod -aG dialout $USER, then log in again",
    )


def check_udev(system: System) -> Finding:
    """Without rules only root may talk to the board's loaders."""
    if not system.platform().startswith("Linux"):
        return ok("udev rules", "not used on this system")
    if "root" in system.groups():
        return ok("udev rules", "not needed by root")
    rules = system.udev_rules().lower()
    absent = [vid_pid for vid_pid in STATES if not all(part in rules for part in vid_pid.split(":"))]
    if not absent:
        return ok("udev rules", "all states of the board are covered")
    return Finding(
        "udev rules",
        "missing",
        f"nothing for {', '.join(absent)}",
        f"write a line like this for each into {RULES_FILE}, then `sudo udevadm control --reload`: {RULES}",
    )


def check_modem_manager(system: System) -> Finding:
    """ModemManager opens new serial ports and talks to them: frames get lost."""
    if "ModemManager" not in system.processes():
        return ok("ModemManager", "does not run")
    if "18d1" in (rules := system.udev_rules().lower()) and "id_mm_device_ignore" in rules:
        return ok("ModemManager", "runs, and is told to leave the board alone")
    return Finding(
        "ModemManager",
        "wrong",
        "runs, and talks to every new serial port",
        'sudo systemctl stop ModemManager, or add ENV{ID_MM_DEVICE_IGNORE}="1" to the board\'s udev rule',
    )


def check_usb_ethernet(system: System) -> Finding:
    """Audio goes to the board over TCP on USB-Ethernet."""
    own = system.route_to_board()
    if own.rpartition(".")[0] == BOARD_ADDRESS.rpartition(".")[0]:
        return ok("USB-Ethernet", f"{own} faces the board's {BOARD_ADDRESS}")
    return Finding(
        "USB-Ethernet",
        "missing",
        f"no own address in the network of {BOARD_ADDRESS}",
        "connect the board (it hands out addresses by DHCP) and bring the new interface up; "
        "the debug UART works without it, slower",
    )
