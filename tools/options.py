"""Options that several verbs share, each declared once.

A verb says `@options.bundle()` and takes the parameter that the docstring names. What only one verb has stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from firmware_bridge.base.paths import BUNDLE

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Adds an option to a verb."""

    def __call__(self, verb: F, /) -> F:
        """Return the verb with the option."""


# Where the board's firmware answers over USB.
BOARD_URL = "socket://10.10.10.1:7000"

CHANNELS_HELP = "clean, bench, noisy or harsh"


def as_json(text: str = "one JSON object on stdout") -> Decorator:
    """`--json`, parameter `as_json`: what is printed is for a program."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def bundle(
    text: str = "folder of the bundle [build/bundle, the one that was built last]",
    default: Path | None = BUNDLE,
) -> Decorator:
    """`--bundle`, parameter `bundle_dir`: a path without links, None only where `default` is."""
    kind = click.Path(path_type=Path, resolve_path=True)
    return click.option("--bundle", "bundle_dir", type=kind, default=default, help=text)


def recipe(text: str = "recipe name, or a .toml file", default: str | None = "trunk") -> Decorator:
    """`--recipe`, parameter `recipe_name`: None only where `default` is."""
    return click.option(
        "--recipe", "recipe_name", default=default, show_default=default is not None, help=text
    )


def corpus(text: str) -> Decorator:
    """`--corpus`, parameter `corpus`: NAME or NAME:PATH, or None; `text` says what None means."""
    return click.option("--corpus", help=f"NAME or NAME:PATH; {text}")


def clips() -> Decorator:
    """`--corpus` for what is streamed, parameter `corpus`: the bundle's composed windows, or a corpus."""
    return click.option(
        "--corpus", default="composed", show_default=True, help="composed, or NAME or NAME:PATH"
    )


def channel() -> Decorator:
    """`--channel`, parameter `channel`: how speech is re-recorded."""
    return click.option("--channel", default="bench", show_default=True, help=CHANNELS_HELP)


def speakers(text: str = "of the corpus, only these: comma-separated") -> Decorator:
    """`--speakers`, parameter `speakers`: names, comma-separated, or None for all."""
    return click.option("--speakers", help=text)


def html(text: str) -> Decorator:
    """`--html`, parameter `html`: where a page goes, or None."""
    return click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help=text)


def seed(text: str = "for the inputs", default: int = 0) -> Decorator:
    """`--seed`, parameter `seed`."""
    return click.option("--seed", default=default, show_default=True, help=text)


def count(text: str, default: int) -> Decorator:
    """`--count`, parameter `count`: how many trials."""
    return click.option("--count", type=click.IntRange(1), default=default, show_default=True, help=text)


def scheduler() -> Decorator:
    """`--scheduler`, parameter `scheduler`: address of a Dask cluster, or None for this computer."""
    return click.option(
        "--scheduler", help="address of a Dask cluster's scheduler, for instance tcp://10.0.0.1:8786"
    )


def port(text: str = "any pyserial port or URL", default: str = BOARD_URL) -> Decorator:
    """`--port`, parameter `port`: where a device answers."""
    return click.option("--port", default=default, show_default=bool(default), help=text)


def baud() -> Decorator:
    """`--baud`, parameter `baud`."""
    return click.option("--baud", default=115200, show_default=True, help="line rate of a real UART")


def sdk() -> Decorator:
    """`--sdk`, parameter `sdk`: where coralmicro lies, or None."""
    return click.option("--sdk", help="checkout of coralmicro [$CORALMICRO_DIR]")


def at_once() -> Decorator:
    """`--threads` and `--in-process`, parameters of those names: what `processes` reads."""

    def add(verb: F, /) -> F:
        for option in (
            click.option("--in-process", is_flag=True, help="make one stage after the other in this process"),
            click.option(
                "--threads",
                type=click.IntRange(1),
                help="how many stages are made at once, each by a process of one thread"
                " [the machine's cores, or UNDERTONE_THREADS]",
            ),
        ):
            verb = option(verb)
        return verb

    return add


def processes(threads: int | None, in_process: bool) -> int | None:
    """Return how many processes the options of `at_once` ask for; None for work in this one."""
    from tools.pipeline.legs import processes_at_once

    return None if in_process else threads or processes_at_once()
