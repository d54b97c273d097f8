"""What was measured of a firmware that was built: `facts.json` beside it, a committed one where no build is at hand.

`python -m firmware_bridge.chip adopt FOLDER/facts.json` makes a build's facts the committed ones of its port.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from firmware_bridge.base.errors import InvalidSetting, UnknownName
from firmware_bridge.base.files import write_json
from firmware_bridge.base.paths import BUILD, ROOT
from firmware_bridge.base.settings import Settings
from firmware_bridge.base.version import git_revision
from firmware_bridge.chip.regions import Region, on_chip_bytes

FACTS = "facts.json"
KEPT = Path(__file__).parent / "facts"
_BRIDGE = ROOT / "firmware_bridge"
_SHARED = ("core", "microfrontend/core", "protocol/protocol.toml", "chip/rt1176.toml")
# What decides a port's bytes, besides the front-end: files and folders of `firmware_bridge`.
INPUTS = {
    "host": (*_SHARED, "ports/host"),
    "twin": (*_SHARED, "ports/twin"),
    "coralmicro": (*_SHARED, "ports/coralmicro"),
}
_SUFFIXES = (".c", ".h", ".cc", ".toml", ".ld", ".cmake", ".txt")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


class Count(Settings):
    """Instructions that the emulated Cortex-M7 took for one front-end.

    Attributes:
        name: Of the front-end, for people.
        frontend: Hash of its tables.
        channels: Feature channels.
        levels: Whether it reduces noise and controls gain.
        frame: Of one feature frame, on average.
        scaled_value: Of the scaling of one feature, the window's own table shared out.
        fusion_weight: Of one weight of the fusion head.
    """

    name: str
    frontend: str
    channels: int
    levels: bool
    frame: float
    scaled_value: float
    fusion_weight: float


class Facts(Settings):
    """What was measured of one build.

    Attributes:
        port: `host`, `twin` or `coralmicro`.
        date: When, ISO 8601.
        revision: Git revision of the checkout that was built.
        sources: Digest of the files that decided its bytes, see `sources_digest`.
        compiler: Name and version.
        sdk: Commit of the board maker's SDK; empty where there is none in it.
        frontend: Hash of the front-end's tables.
        regions: What it takes of each memory.
        on_chip_bytes: Of the processor's own memories; nothing where the port has none.
        instructions: Counted on the emulator; nothing elsewhere.
        origin: How the build came to be, where that is not the usual way.
        acknowledged: A later digest of the sources that somebody has seen and could not build.
    """

    format: Literal[1] = 1
    port: Literal["host", "twin", "coralmicro"]
    date: str
    revision: str
    sources: str
    compiler: str
    sdk: str = ""
    frontend: str
    regions: tuple[Region, ...]
    on_chip_bytes: int | None
    instructions: tuple[Count, ...] = ()
    origin: str = ""
    acknowledged: str = ""

    def write(self, folder: Path) -> Path:
        """Write the facts into a folder; return the file's path."""
        write_json(folder / FACTS, self.model_dump(mode="json"))
        return folder / FACTS

    def used_of(self, memory: str) -> int:
        """Return the bytes taken of one of the chip's memories, however a port divides it."""
        return sum(region.used_bytes for region in self.regions if region.memory == memory)

    @property
    def current(self) -> bool:
        """Whether the sources are still those that were built."""
        return self.sources == sources_digest(self.port)

    def age(self, today: datetime.date | None = None) -> str:
        """Return who measured what and when, and whether that still holds, in a sentence without its full stop.

        Args:
            today: The day to count from; by default this one.
        """
        day = datetime.date.fromisoformat(self.date)
        days = ((today or datetime.date.today()) - day).days
        since = "today" if days == 0 else f"{days} day{'s' if days != 1 else ''} ago"
        sdk = f", SDK {self.sdk[:7]}" if self.sdk else ""
        stale = "" if self.current else "; THE SOURCES HAVE CHANGED SINCE"
        return (
            f"build of port {self.port} from commit {self.revision[:7]}{_changes(self.revision)}, {day} ({since}), "
            f"{self.compiler}{sdk}{stale}"
        )


def _changes(revision: str) -> str:
    return " with changes" if revision.endswith("+changes") else ""


def sources_digest(port: str) -> str:
    """Return the SHA-256 of what decides a port's bytes; comments and blanks do not count.

    Raises:
        UnknownName: No such port.
    """
    if port not in INPUTS:
        raise UnknownName("port", port, INPUTS)
    digest = hashlib.sha256()
    for name in INPUTS[port]:
        place = _BRIDGE / name
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            if file.suffix in _SUFFIXES and file.parent.name != "made":  # what is made follows from the rest
                text = _substance(file.suffix, file.read_text(encoding="utf-8"))
                digest.update(f"{file.relative_to(_BRIDGE).as_posix()}\0{text}\0".encode())
    return digest.hexdigest()


def _substance(suffix: str, text: str) -> str:
    """Return a file's text without what decides nothing."""
    if suffix == ".toml":
        return json.dumps(tomllib.loads(text), sort_keys=True)
    if suffix in (".cmake", ".txt"):
        return "\n".join(line.partition("#")[0].strip() for line in text.splitlines())
    return "".join(_COMMENT.sub(" ", text).split())


def facts_of(
    port: Literal["host", "twin", "coralmicro"],
    compiler: str,
    frontend: str,
    regions: tuple[Region, ...],
    sdk: str = "",
    instructions: tuple[Count, ...] = (),
) -> Facts:
    """Return the facts of a build that was made now, from the sources as they are.

    Args:
        port: Its port.
        compiler: Name and version.
        frontend: Hash of the front-end's tables.
        regions: What it takes of each memory.
        sdk: Commit of the board maker's SDK.
        instructions: What was counted.
    """
    of_chip = [region for region in regions if region.on_chip]
    return Facts(
        port=port,
        date=datetime.date.today().isoformat(),
        revision=git_revision(),
        sources=sources_digest(port),
        compiler=compiler,
        sdk=sdk,
        frontend=frontend,
        regions=regions,
        on_chip_bytes=on_chip_bytes(of_chip) if of_chip else None,
        instructions=instructions,
    )


def read_facts(file: Path) -> Facts:
    """Return the facts in a file.

    Raises:
        InvalidSetting: It is missing, or holds something else; says which.
    """
    try:
        return Facts.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidSetting(
            f"no facts at {file}", "a build writes them: undertone build --port PORT"
        ) from error
    except (ValidationError, ValueError) as error:
        raise InvalidSetting(
            f"{file} holds no facts of a build: {str(error).splitlines()[0]}",
            "build again: undertone build --port PORT",
        ) from error


def latest_facts(port: str, built: Path = BUILD / "firmware") -> Facts:
    """Return the facts of the last build of a port here, else the committed ones.

    Args:
        port: `twin` or `coralmicro`.
        built: Where `undertone build` builds by default.

    Raises:
        InvalidSetting: Neither is there, or the file is damaged.
    """
    own = built / port / FACTS
    return read_facts(own if own.is_file() else KEPT / f"{port}.json")
