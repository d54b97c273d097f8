"""What runs in a process of its own: parts of a build, one after the other, each with one thread."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from firmware_bridge.base import events
from firmware_bridge.base.errors import UndertoneError
from tools.pipeline.relay import Line, Speaker
from tools.pipeline.stages import Spent, Stages
from tools.quiet import quiet_tensorflow

# Open as long as the process lives.
_hearing = ExitStack()


@dataclass(frozen=True)
class Done:
    """What a part of a build gave, and what it did to come there."""

    result: Any
    made: list[str]
    wanted: dict[str, str]
    spent: dict[str, Spent]


@dataclass(frozen=True)
class Refused:
    """An error for the user; its class may want other arguments than its message, so it travels in pieces."""

    kind: type[UndertoneError]
    arguments: tuple[Any, ...]
    attributes: dict[str, Any]

    def error(self) -> UndertoneError:
        """Return the error as it was."""
        again = self.kind.__new__(self.kind, *self.arguments)
        vars(again).update(self.attributes)
        return again


@dataclass(frozen=True)
class Failed:
    """A bug: the traceback of this side."""

    trace: str


def begin(line: Line, stop: Connection) -> None:
    """Prepare a process: what happens is told to the parent, and nothing outlives it.

    Args:
        line: Where events are told.
        stop: Its other end is closed when the work is in vain.
    """
    # Ctrl-C reaches all processes of a terminal: the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(stop)
    quiet_tensorflow()
    # The parent logs what it hears. Here nothing is written: not by logging's last resort, and not by the root handler
    # that some libraries set up in passing.
    events.LOGGER.addHandler(logging.NullHandler())
    events.LOGGER.propagate = False
    _hearing.enter_context(events.listening(Speaker(line)))


def _end_with(stop: Connection) -> None:
    """End this process as soon as the parent is gone, killed or not, or says so: a build leaves no orphan."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "started by a parent"

    def watch() -> None:
        wait([parent.sentinel, stop])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def make(root: Path, leg: Callable[..., Any], inputs: Any, given: tuple[Any, ...]) -> Done | Refused | Failed:
    """Run a part of a build here: `leg(inputs, stages, *given)`."""
    stages = Stages(root)
    try:
        result = leg(inputs, stages, *given)
    except UndertoneError as error:
        return Refused(type(error), error.args, vars(error))
    # The parent raises it again, with the traceback of this side.
    except Exception:  # noqa: BLE001
        return Failed(traceback.format_exc())
    return Done(result, stages.made, stages.wanted, stages.spent)
