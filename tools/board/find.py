"""The port at which the one board here answers: known by its USB identity, then asked with `hello`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from firmware_bridge.base.errors import CheckFailed, DeviceError
from firmware_bridge.base.progress import tell
from hil.client.client import DeviceIdentity
from tools import console
from tools.board.choose import SeveralBoards, choose_board
from tools.board.greet import greet, require_bundle
from tools.board.usb import MEANING, WAY_BACK, State, UsbBoard
from tools.options import BOARD_URL

# A board that runs answers at once; its network may still be coming up.
PATIENCE_S = 3.0
Ask = Callable[[str], DeviceIdentity]


def with_port(dut: str, boards: Callable[[], Sequence[UsbBoard]], ask: Ask | None = None) -> str:
    """Return the device's name with its port: `board` alone is looked for, anything else is as it was.

    Args:
        dut: What the user typed.
        boards: Finds the boards on USB; only called where one is looked for.
        ask: Says `hello` at a port.

    Raises:
        SeveralBoards: More than one; they are listed on stderr.
        DeviceError: None, or it is not running, or it does not answer anywhere.
    """
    if dut.rstrip(":") != "board":
        return dut
    board = running_board(boards())
    return f"board:{port_of_board(board, ask or partial(greet, limit_s=PATIENCE_S))}"


def running_board(boards: Sequence[UsbBoard]) -> UsbBoard:
    """Return the one board on USB.

    Raises:
        SeveralBoards: More than one; they are listed on stderr.
        DeviceError: None, or its application does not run.
    """
    if len(boards) > 1:
        for line in listed(boards):
            console.log(line)
        first = next((port for board in boards for port in board.ports), "/dev/ttyACM0")
        raise SeveralBoards(
            f"{len(boards)} boards on USB and none was named", f"name its port: --dut board:{first}"
        )
    board = choose_board(boards)
    if board.state is not State.RUNNING:
        raise DeviceError(f"the board {board.title} is {MEANING[board.state]}", WAY_BACK[board.state])
    return board


def listed(boards: Sequence[UsbBoard]) -> list[str]:
    """Return boards as lines of a table that fits 80 columns: serial number, plug, state and ports."""
    rows = [("serial number", "plug", "state", "ports")]
    rows += [
        (one.serial or "-", one.place or "-", one.state.value, ", ".join(one.ports) or "-") for one in boards
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]) for row in rows]


def port_of_board(board: UsbBoard, ask: Ask) -> str:
    """Return the port at which a board answers: one of its own serial ports, or its network over USB.

    Nothing but these is opened.

    Raises:
        DeviceError: It answers at none of them; says what each met.
    """
    met = []
    for url in (*board.ports, BOARD_URL):
        try:
            identity = ask(url)
            require_bundle(identity, None, url)
        except (DeviceError, CheckFailed) as error:
            met.append(f"{url}: {error.what}")
            continue
        tell(f"board {board.title} answers at {url}: {identity.build}")
        return url
    raise DeviceError(
        f"the board {board.title} answers nowhere ({'; '.join(met)})",
        "does it run Undertone's firmware? `undertone flash` writes it, `undertone doctor` says what is missing",
    )
