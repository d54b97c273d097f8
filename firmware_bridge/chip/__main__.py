"""Which facts are committed: `python -m firmware_bridge.chip adopt FILE`, `acknowledge PORT`, or `show PORT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.base.errors import UndertoneError
from firmware_bridge.base.files import write_json
from firmware_bridge.base.programs import complain
from firmware_bridge.chip.facts import KEPT, Facts, read_facts, sources_digest


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
        InvalidSetting: There are none.
        UnknownName: No such port.
    """
    facts = read_facts(kept / f"{port}.json").model_copy(update={"acknowledged": sources_digest(port)})
    write_json(kept / f"{port}.json", facts.model_dump(mode="json"))
    return facts


def main(arguments: Sequence[str] | None = None) -> int:
    """Change or show the committed facts; returns the exit status."""
    parser = argparse.ArgumentParser(description="What was measured of a firmware, as it is committed.")
    commands = parser.add_subparsers(dest="command", required=True)
    of_build = commands.add_parser("adopt", help="commit the facts of a build")
    of_build.add_argument("file", type=Path, help="its facts.json")
    of_build.add_argument("--origin", default="", help="how it was built, where that is not the usual way")
    for name, text in (
        ("acknowledge", "the sources changed, and cannot be built here"),
        ("show", "print them"),
    ):
        commands.add_parser(name, help=text).add_argument("port")
    options = parser.parse_args(arguments)
    try:
        if options.command == "adopt":
            facts = adopt(options.file, options.origin)
        elif options.command == "acknowledge":
            facts = acknowledge(options.port)
        else:
            facts = read_facts(KEPT / f"{options.port}.json")
    except UndertoneError as error:
        return complain(error)
    sys.stdout.write(f"{facts.age()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
