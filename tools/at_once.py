"""How many stages a verb makes at once: the options of all verbs that build."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def at_once(command: Command) -> Command:
    """Give a verb the options `--threads` and `--in-process`."""
    threads = click.option(
        "--threads",
        type=click.IntRange(1),
        help="How many stages are made at once, each by a process of one thread; default: the machine's cores,"
        " or UNDERTONE_THREADS.",
    )
    in_process = click.option(
        "--in-process", is_flag=True, help="Make one stage after the other in this process, to look into one."
    )
    return threads(in_process(command))


def processes(threads: int | None, in_process: bool) -> int | None:
    """Return how many processes the two options ask for; None for work in this one."""
    from tools.pipeline.legs import processes_at_once

    return None if in_process else threads or processes_at_once()
