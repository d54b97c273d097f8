"""`undertone flash`: writes firmware and bundle to a board, with checks before and proof after."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from firmware_bridge.base.paths import BUILD
from tools import console, options

if TYPE_CHECKING:
    from firmware_bridge.contract.bundle import Bundle
    from tools.board.firmware import Firmware
    from tools.board.flashtool import FlashRun
    from tools.board.sdk import Sdk
    from tools.board.usb import UsbBoard
    from tools.health.system import System

FIRMWARE = BUILD / "firmware" / "coralmicro"


@dataclass(frozen=True)
class Plan:
    """A flash run that passed all checks and has touched nothing yet."""

    board: UsbBoard
    command: tuple[str, ...]
    environment: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return board and command as JSON-ready data."""
        return {"board": self.board.as_dict(), "command": list(self.command)}


def plan_flash(firmware: Firmware, sdk: Sdk, system: System, serial: str = "") -> Plan:
    """Check everything that can be checked before a board is touched.

    Args:
        firmware: What shall be written.
        sdk: Whose flash tool does it.
        system: This machine.
        serial: Serial number of the board, where there are several.

    Raises:
        UndertoneError: Something is missing, or it is not clear which board is meant; nothing was touched.
    """
    from tools.board.choose import NAMELESS, choose_board
    from tools.board.firmware import require_flashable
    from tools.board.rights import require_rights
    from tools.board.sdk import find_python, toolchain_option
    from tools.board.usb import State

    require_flashable(firmware)
    environment = dict(system.environment())
    options = toolchain_option(sdk)
    python = find_python(sdk, environment)
    board = choose_board(system.boards(), serial)
    is_root = "root" in system.groups() or not system.platform().startswith("Linux")
    require_rights(board, system.udev_rules(), is_root, str(sdk.folder))
    command = [python, str(sdk.flashtool), "--build_dir", str(firmware.build_dir)]
    command += ["--elf_path", str(firmware.file), *options]
    # This variable beats the tool's own option: a forgotten one would flash another board.
    environment.pop("CORAL_MICRO_SERIAL", None)
    if board.serial and board.state not in NAMELESS:
        # The tool compares with the port's number in lower case.
        command += ["--serial", board.serial.lower() if board.state is State.RUNNING else board.serial]
    return Plan(board, tuple(command), environment)


def write_board(plan: Plan, log: Path, limit_s: float) -> FlashRun:
    """Run the flash tool.

    Raises:
        DeviceError: It failed, or was stopped half-way; says where, and the way back.
    """
    from firmware_bridge.base.errors import DeviceError
    from firmware_bridge.base.progress import tell
    from tools.board.flashtool import run_flashtool
    from tools.board.usb import BUTTONS

    try:
        run = run_flashtool(plan.command, log, limit_s, plan.environment, lambda step: tell(f"flash: {step}"))
    except KeyboardInterrupt as error:
        raise DeviceError(
            "stopped half-way: the board may hold nothing that starts",
            f"flash it again; if it does not show up: {BUTTONS}",
        ) from error
    run.require_good()
    return run


def wait_for_board(system: System, board: UsbBoard, limit_s: float) -> UsbBoard:
    """Return the board as it came back.

    Raises:
        DeviceError: It did not; says in which state it hangs.
    """
    from firmware_bridge.base.errors import DeviceError
    from tools.board.usb import BUTTONS, MEANING, State, wait_until

    def same(other: UsbBoard) -> bool:
        named = bool(board.serial) and other.serial.lower() == board.serial.lower()
        return named or other.place == board.place

    back = wait_until(
        system.boards, lambda one: one.state is State.RUNNING and same(one), limit_s, min(0.25, limit_s / 4)
    )
    if back is not None:
        return back
    stuck = next((one for one in system.boards() if same(one)), None)
    what = f"it is {MEANING[stuck.state]}" if stuck else "it is not on USB"
    raise DeviceError(
        f"the board was written, but its application did not start within {limit_s:.0f} s: {what}",
        f"press Reset; if it stays so: {BUTTONS}, and flash again",
    )


@click.command(help="Write firmware and bundle to a board, and make sure that it runs them.")
@options.bundle()
@click.option(
    "--firmware",
    "folder",
    type=click.Path(path_type=Path),
    default=FIRMWARE,
    help="what `undertone build --port coralmicro` made [build/firmware/coralmicro]",
)
@options.sdk()
@click.option("--serial", default="", help="serial number of the board, where there are several")
@options.port("where it answers afterwards")
@click.option("--limit", default=300.0, show_default=True, help="most seconds for the flash tool")
@click.option("--wait", default=30.0, show_default=True, help="most seconds for the board to come back")
@click.option(
    "--firmware-only", is_flag=True, help="take a bundle that the board cannot run: only the firmware counts"
)
@click.option("--yes", is_flag=True, help="do not ask before derived networks are written")
@click.option("--dry-run", is_flag=True, help="check everything, touch nothing")
@click.option("--list", "list_only", is_flag=True, help="list the boards and their states, touch nothing")
@options.as_json()
def command(
    bundle_dir: Path,
    folder: Path,
    sdk: str | None,
    serial: str,
    port: str,
    limit: float,
    wait: float,
    firmware_only: bool,
    yes: bool,
    dry_run: bool,
    list_only: bool,
    as_json: bool,
) -> int | None:
    """Flash one board; the exit status is 0 only when it answers with the bundle that was written."""
    from firmware_bridge.base.progress import note, tell
    from firmware_bridge.contract.bundle import load_bundle
    from firmware_bridge.ports.coralmicro.sdk import COMMIT
    from tools.board.firmware import read_firmware
    from tools.board.greet import greet, require_bundle
    from tools.board.sdk import find_sdk
    from tools.health.system import System

    system = System()
    if list_only:
        return show_boards(system.boards(), as_json)
    bundle = load_bundle(bundle_dir)
    if not firmware_only:
        require_compiled(bundle)
        if not dry_run:
            ask_about_derived(bundle, yes)
    found = find_sdk(sdk, system.environment())
    if found.commit and not found.is_known:
        note(f"the SDK is at {found.commit[:8]}; the board port was linked against {COMMIT}")
    plan = plan_flash(read_firmware(folder.resolve(), bundle.id), found, system, serial)
    if dry_run:
        if as_json:
            console.emit_json(plan.as_dict() | {"flashed": False})
        else:
            console.emit_text(f"would flash {plan.board.title}:\n  {' '.join(plan.command)}")
        return None
    tell(f"flash: {plan.board.title}, {plan.board.state}")
    run = write_board(plan, folder.resolve() / "flash.log", limit)
    back = wait_for_board(system, plan.board, wait)
    identity = greet(port, wait)
    require_bundle(identity, None if firmware_only else bundle.id, port)
    if as_json:
        facts = {"flashed": True, "port": port, "seconds": round(run.seconds, 1), "log": str(run.log)}
        console.emit_json(facts | {"board": back.as_dict(), "identity": asdict(identity)})
    else:
        console.emit_text(
            f"flashed {back.title} in {run.seconds:.0f} s\n"
            f"it answers at {port}: build {identity.build}, bundle {identity.bundle[:12]}"
        )
    return None


def require_compiled(bundle: Bundle) -> None:
    """Refuse a bundle that no board can run.

    Raises:
        BundleInvalid: The Edge TPU compiler has not made its networks.
    """
    from firmware_bridge.base.errors import BundleInvalid
    from firmware_bridge.ports.coralmicro.build import is_compiled

    if not is_compiled(bundle):
        raise BundleInvalid(
            f"the networks of {bundle.directory} were not compiled for the Edge TPU: no board can run them",
            "build the bundle where the Edge TPU compiler is installed (`undertone doctor`), or flash just the "
            "firmware: --firmware-only",
        )


def ask_about_derived(bundle: Bundle, yes: bool) -> None:
    """Ask once before networks are written that no compiler made.

    Raises:
        InvalidSetting: The answer is no, or nobody is there to answer.
    """
    from firmware_bridge.base.errors import InvalidSetting
    from firmware_bridge.base.progress import note

    names = [name for name, model in bundle.manifest.models.items() if model.compiled_evidence == "derived"]
    if not names:
        return
    what = f"the compiled networks {', '.join(names)} are derived from a template and have run on no chip"
    note(what)
    if not yes and not (sys.stdin.isatty() and click.confirm("write them?", err=True)):
        raise InvalidSetting(f"not written: {what}", "--yes writes them without asking")


def show_boards(boards: list[UsbBoard], as_json: bool) -> int:
    """Print the boards; exit status 2 when there is none."""
    from tools.board.usb import MEANING, WAY_BACK

    if as_json:
        console.emit_json({"boards": [board.as_dict() for board in boards]})
    elif boards:
        for board in boards:
            console.emit_text(f"{board.title}: {MEANING[board.state]}")
            for line in filter(None, (", ".join(board.ports), WAY_BACK[board.state])):
                console.emit_text(f"  {line}")
    else:
        console.emit_text("no Coral Dev Board Micro on USB; `undertone doctor` says what to do")
    return 0 if boards else 2
