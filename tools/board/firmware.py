"""What `undertone build` leaves behind and `undertone flash` checks: `firmware.json` beside the firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from firmware_bridge.base.errors import BundleInvalid, UndertoneError
from firmware_bridge.base.files import sha256_file, write_json
from firmware_bridge.base.settings import Settings, explain
from firmware_bridge.chip.regions import Region

RECORD = "firmware.json"
# Which of the flash tool's needs lie beside the ELF file: its libraries and its data, by name.
MANIFESTS = (".libs", ".data")


class FirmwareInvalid(UndertoneError):
    """A firmware that is missing, damaged, or made for another bundle."""


class Firmware(Settings):
    """A firmware that was built.

    Attributes:
        port: `host`, `twin` or `coralmicro`.
        bundle: Id of the bundle inside.
        file: The program.
        sha256: Of that file.
        build_dir: Where the port's build system worked; the flash tool finds the board's loaders there.
        compiler: What compiled it.
        sdk_commit: Of the board maker's SDK, empty where there is none in it.
        memory: The device's memories.
    """

    format: Literal[2] = 2
    port: Literal["host", "twin", "coralmicro"]
    bundle: str
    file: Path
    sha256: str
    build_dir: Path
    compiler: str = ""
    sdk_commit: str = ""
    memory: tuple[Region, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write the record into a folder and return its path."""
        write_json(folder / RECORD, self.model_dump(mode="json"))
        return folder / RECORD


def read_firmware(folder: Path, bundle: str) -> Firmware:
    """Return the firmware in a folder, found whole and made for a bundle.

    Args:
        folder: Where `undertone build` left it.
        bundle: Id of the bundle that the device shall run.

    Raises:
        FirmwareInvalid: There is none, it was changed since, or it holds another bundle.
        BundleInvalid: Its record cannot be read.
    """
    again = f"undertone build --port coralmicro --out {folder}"
    path = folder / RECORD
    if not path.is_file():
        raise FirmwareInvalid(f"no firmware in {folder}", again)
    try:
        firmware = Firmware.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise BundleInvalid(explain(error, Firmware, f"{path} cannot be read").what, again) from error
    if firmware.port != "coralmicro":
        raise FirmwareInvalid(
            f"{folder} holds the firmware of port '{firmware.port}', not the board's", again
        )
    if not firmware.file.is_file():
        raise FirmwareInvalid(f"{firmware.file} is gone", again)
    if sha256_file(firmware.file) != firmware.sha256:
        raise FirmwareInvalid(f"{firmware.file} was changed since it was built", again)
    if firmware.bundle != bundle:
        raise FirmwareInvalid(
            f"the firmware holds the bundle {firmware.bundle[:12]}, not {bundle[:12]}",
            f"{again} --bundle DIR",
        )
    return firmware


def require_flashable(firmware: Firmware) -> None:
    """Make sure that the flash tool will find all that it reads.

    Raises:
        FirmwareInvalid: A file is missing; names it.
    """
    wanted = [firmware.file.with_suffix(suffix) for suffix in MANIFESTS]
    missing = [str(path) for path in wanted if not path.is_file()]
    for loader in ("elf_loader", "flashloader"):
        if not any(firmware.build_dir.rglob(f"{loader}/image.srec")):
            missing.append(f"{firmware.build_dir}/…/{loader}/image.srec")
    if missing:
        raise FirmwareInvalid(
            f"the build is not complete: no {', '.join(missing)}", "undertone build --port coralmicro"
        )
