"""Which board: exactly one is taken, several are listed, none is explained."""

from __future__ import annotations

from collections.abc import Sequence

from firmware_bridge.base.errors import DeviceError
from tools.board.usb import BUTTONS, State, UsbBoard

# States in which boards carry no serial number: the flash tool takes whatever it finds in them.
NAMELESS = (State.ROM, State.FLASHLOADER)


class SeveralBoards(DeviceError):
    """More than one board, and none was named."""


def choose_board(boards: Sequence[UsbBoard], serial: str = "") -> UsbBoard:
    """Return the board to be flashed.

    The flash tool first loads a program into *everything* that it finds in the ROM or the flash loader,
    whichever board was named. So such a device must be the only board here, or none is touched.

    Args:
        boards: All boards that were found.
        serial: The serial number that the user names, or nothing; its case does not matter.

    Raises:
        DeviceError: None; or the named one is not among them.
        SeveralBoards: More than one, and it is not clear which; or one that would be touched with it.
    """
    if not boards:
        raise DeviceError(
            "no Coral Dev Board Micro on USB",
            f"use a cable that carries data, into a port of this computer; if nothing shows: {BUTTONS}. "
            "`undertone doctor` says what this computer sees",
        )
    nameless = [board for board in boards if board.state in NAMELESS]
    if nameless and len(boards) > 1:
        raise SeveralBoards(
            f"{len(boards)} boards, and {_list(nameless)} has no serial number: the flash tool would write "
            "to it as well",
            "unplug all but the one to be flashed",
        )
    if serial and not nameless:
        named = [board for board in boards if board.serial.lower() == serial.lower()]
        if not named:
            raise DeviceError(f"no board with the serial number {serial}", f"boards here: {_list(boards)}")
        return named[0]
    if len(boards) > 1:
        raise SeveralBoards(
            f"{len(boards)} boards: {_list(boards)}",
            f"name one: --serial {boards[0].serial or 'NUMBER'}",
        )
    return boards[0]


def _list(boards: Sequence[UsbBoard]) -> str:
    return "; ".join(f"{board.title}, {board.state}" for board in boards)
