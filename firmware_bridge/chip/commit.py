"""Which facts are committed: shown, adopted from a build, or acknowledged to be old (`undertone chip`)."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.errors import UnknownName
from firmware_bridge.base.files import write_json
from firmware_bridge.chip.facts import KEPT, Facts, read_facts, sources_digest


def committed(port: str, kept: Path = KEPT) -> Facts:
    """Return the committed facts of a port.

    Args:
        port: Its name.
        kept: Where the committed ones lie.

    Raises:
        UnknownName: There are none of such a port.
        InvalidSetting: The file holds no facts.
    """
    ports = [file.stem for file in kept.glob("*.json")]
    if port not in ports:
        raise UnknownName("port with committed facts", port, ports)
    return read_facts(kept / f"{port}.json")


def adopt(file: Path, origin: str = "", kept: Path = KEPT) -> Facts:
    """Make a build's facts the committed ones of its port.

    Args:
        file: A build's `facts.json`.
        origin: How the build came to be, where that is not the usual way.
        kept: Where the committed ones lie.

    Raises:
        InvalidSetting: The file holds no facts.
    """
    facts = read_facts(file)
    if origin:
        facts = facts.model_copy(update={"origin": origin})
    write_json(kept / f"{facts.port}.json", facts.model_dump(mode="json"))
    return facts


def acknowledge(port: str, kept: Path = KEPT) -> Facts:
    """Say in the committed facts of a port that its sources have changed, and that nobody here could build them.

    The figures stay what they were, and whoever prints them says that they are old.

    Raises:
        UnknownName: There are none of such a port.
    """
    facts = committed(port, kept).model_copy(update={"acknowledged": sources_digest(port)})
    write_json(kept / f"{port}.json", facts.model_dump(mode="json"))
    return facts
