"""Parts of a build side by side, each in a process of one thread.

A small network gains nothing from a second thread, and loses where other work waits for the core: two processes of
one thread train two networks in the time of one. What a process makes does not depend on what runs beside it, nor on
the number of cores. Processes find each other's stages where `Stages` keeps them, and wait for those in the making.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Generic, TypeVar

from firmware_bridge.base.cores import VARIABLE, usable_cores
from firmware_bridge.base.errors import EnvironmentLacking
from tools.pipeline.relay import Line, Listener
from tools.pipeline.stages import Stages
from tools.pipeline.worker import Done, Failed, Refused, begin, make

Result = TypeVar("Result")

# Every library's own word for "one thread"; they read it when they are loaded.
ONE_THREAD = {
    VARIABLE: "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}
# What training a student takes, with TensorFlow and its data.
PROCESS_BYTES = 2 << 30
POLL_S, STOP_S = 0.1, 2.0
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


def processes_at_once(limit: Path = MEMORY_LIMIT) -> int:
    """Return how many processes this machine can train in: one per core, as long as there is memory for each.

    Args:
        limit: The control group's file; one that is missing or says `max` sets no limit.

    Raises:
        InvalidSetting: The environment names a number of threads that is none.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):  # no control group, or no limit
        memory = min(memory, int(limit.read_text(encoding="ascii")))
    return max(1, min(usable_cores(), memory // PROCESS_BYTES))


class Leg(Generic[Result]):
    """A part of a build under way."""

    def __init__(self, stages: Stages, work: Future[Done | Refused | Failed]) -> None:
        self._stages, self._work, self._noted = stages, work, False

    def result(self) -> Result:
        """Wait for it, and return what it gave.

        Raises:
            UndertoneError: What it raised.
            RuntimeError: It raised something else; the message holds the traceback.
            EnvironmentLacking: Its process ended in the midst of it.
        """
        try:
            told = self._work.result()
        except (BrokenProcessPool, CancelledError) as error:
            raise EnvironmentLacking(
                "a process that made stages ended in the midst of it",
                f"if memory ran out, let fewer work at once: {VARIABLE}=1, or --threads 1; finished stages are kept",
            ) from error
        match told:
            case Refused():
                raise told.error()
            case Failed(trace):
                raise RuntimeError(f"a part of the build failed in its process:\n{trace}")
        if not self._noted:
            self._stages.take_note(told.made, told.wanted, told.spent)
            self._noted = True
        found: Result = told.result
        return found


class Legs:
    """Starts parts of a build; a context that is left when all have ended.

    The first error ends them all, so that nobody waits for work that is in vain; so does Ctrl-C. A part is a function
    of a module, called with (inputs, stages, ...).

    Args:
        stages: Where the results are kept; what the parts made is noted there.
        inputs: What the build starts from. Processes are handed copies: what it has read, they need not read again.
        count: How many processes work at once; None runs each part here, where it is started.
    """

    def __init__(self, stages: Stages, inputs: Any, count: int | None) -> None:
        self._stages, self._inputs, self._count = stages, inputs, count
        self._legs: list[Leg[Any]] = []
        self._first: list[Leg[Any]] = []
        self._over = threading.Event()
        self._ending = threading.Lock()

    def __enter__(self) -> Legs:
        """Prepare the processes; each is started when it is first needed."""
        if self._count is not None:
            context = multiprocessing.get_context("spawn")
            self._told, speaking = context.Pipe(duplex=False)
            stopped, self._stop = context.Pipe(duplex=False)
            line = Line(speaking, context.Lock())
            self._pool = ProcessPoolExecutor(self._count, context, begin, (line, stopped))
            self._listener = threading.Thread(target=self._listen, daemon=True)
            self._listener.start()
        return self

    def start(self, leg: Callable[..., Result], *given: Any) -> Leg[Result]:
        """Let `leg(inputs, stages, *given)` be done beside what follows."""
        if self._count is None:
            done: Future[Done | Refused | Failed] = Future()
            done.set_result(Done(leg(self._inputs, self._stages, *given), [], {}, {}))
            return Leg(self._stages, done)
        with _environment(ONE_THREAD):
            work = self._pool.submit(make, self._stages.root, leg, self._inputs, given)
        started: Leg[Result] = Leg(self._stages, work)
        self._legs.append(started)
        work.add_done_callback(lambda done: self._look_at(started, done))
        return started

    def _look_at(self, leg: Leg[Any], done: Future[Done | Refused | Failed]) -> None:
        """End the others when one has failed."""
        if done.cancelled() or done.exception() is not None or not isinstance(done.result(), Done):
            self._first.append(leg)
            self._end()

    def _end(self) -> None:
        """Tell the processes that their work is in vain; from any thread, any number of times."""
        with self._ending:
            self._stop.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        """Wait for all, or end them; raise the first error of any."""
        if self._count is None:
            return
        try:
            if error is None:
                for leg in self._legs:
                    leg.result()
        finally:
            # What fails from here on fails because it was ended.
            first = next(iter(self._first), None)
            self._end()
            self._pool.shutdown(cancel_futures=True)
            self._over.set()
            # A process that was ended in the midst of a message is not waited for.
            self._listener.join(STOP_S)
            if first is not None and (error is None or isinstance(error, Exception)):
                first.result()

    def _listen(self) -> None:
        """Show what the processes tell, until the end."""
        listener = Listener()
        while not self._over.is_set() or self._told.poll():
            if self._told.poll(POLL_S):
                listener.hear(self._told.recv())
        listener.close()


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for what is started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
