"""Checks of what a board needs: its state on USB, rights to the port, and nobody else on it."""

from __future__ import annotations

from tools.board.rights import install_rules, uncovered
from tools.board.sdk import VARIABLE
from tools.board.usb import MEANING, USB_IDS, WAY_BACK, State
from tools.health.finding import Finding, ok
from tools.health.system import BOARD_ADDRESS, BOARD_PORT, Port, System

RUNNING = next(usb for usb, state in USB_IDS.items() if state is State.RUNNING)


def check_board(system: System) -> Finding:
    """The board, by what it is on USB."""
    boards = system.boards()
    if not boards:
        return Finding(
            "board",
            "missing",
            f"no Coral Dev Board Micro on USB (looked for {', '.join(USB_IDS)})",
            "connect it with a data cable; until then use `--dut host` or `--dut twin`",
        )
    text = "; ".join(f"{board.title}, {MEANING[board.state]}" for board in boards)
    stuck = [board for board in boards if board.state is not State.RUNNING]
    if stuck:
        return Finding("board", "wrong", text, WAY_BACK[stuck[0].state])
    if len(boards) > 1:
        text += "; several: `undertone flash` wants --serial"
    return ok("board", text)


def check_ports(system: System) -> Finding:
    """The serial ports, and whether this user may open the board's."""
    ports = system.ports()
    if not ports:
        return Finding("serial ports", "missing", "none", "connect the board, or use `--dut host`")
    named = ", ".join(f"{port.device} ({describe_port(port)})" for port in ports)
    closed = [port.device for port in ports if not port.writable and port.usb in ("", RUNNING)]
    if closed:
        return Finding(
            "serial ports",
            "wrong",
            f"{named}; no right to open {', '.join(closed)}",
            "join the port's group (below), or install the udev rules",
        )
    return ok("serial ports", named)


def describe_port(port: Port) -> str:
    """Return who is behind a serial port, as far as its USB device says."""
    if not port.usb:
        return "not USB"
    who = "the board: its log, one way only" if port.usb == RUNNING else port.what or "unknown"
    return f"{port.usb}, {who}" + (f", {port.serial}" if port.serial else "")


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
    absent = uncovered(system.udev_rules())
    if not absent:
        return ok("udev rules", "all states of the board are covered")
    sdk = system.environment().get(VARIABLE, "")
    return Finding("udev rules", "missing", f"nothing for {', '.join(absent)}", install_rules(sdk))


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
    """Audio goes to the board over TCP on USB-Ethernet; without a running board nothing is asked."""
    own, name = system.route_to_board(), "USB-Ethernet"
    if own.rpartition(".")[0] != BOARD_ADDRESS.rpartition(".")[0]:
        return Finding(
            name,
            "missing",
            f"no own address in the network of {BOARD_ADDRESS}",
            "connect the board (it hands out addresses by DHCP) and bring the new interface up; "
            "the debug UART works without it, slower",
        )
    facing = f"{own} faces the board's {BOARD_ADDRESS}"
    if not any(board.state is State.RUNNING for board in system.boards()):
        return ok(name, facing)
    if system.board_listens():
        return ok(name, f"{facing}, which listens on port {BOARD_PORT}")
    return Finding(
        name,
        "wrong",
        f"{facing}, but nothing listens on its port {BOARD_PORT}",
        "another program runs on it: undertone flash; or press Reset and look again",
    )
