"""How long `analyse` and `inspect` take: `undertone bench edgetpu`.

Seconds of one core after start-up, the median of several calls; each folder is represented by its largest files.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgetpu_models.analyse import analyse
from edgetpu_models.inspect import inspect
from firmware_bridge.base.errors import InvalidSetting
from firmware_bridge.base.progress import track

CALLS = 9


@dataclass(frozen=True)
class Timing:
    """How long a verb takes on a file.

    Attributes:
        file: Its name.
        bytes: Its size.
        verb: `analyse` or `inspect`.
        median_s: Seconds of one core, the median of `calls`.
        calls: How often it was called.
    """

    file: str
    bytes: int
    verb: str
    median_s: float
    calls: int

    def as_dict(self) -> dict[str, Any]:
        """Return the timing as JSON-ready data."""
        return asdict(self)


def median_s(work: Callable[[], object], calls: int = CALLS) -> float:
    """Return the median of the seconds of one core that `work` takes."""
    times = []
    for _ in range(calls):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def largest(paths: Sequence[Path]) -> list[Path]:
    """Return the files among `paths`, and of each folder the largest original and the largest compiled file.

    Raises:
        InvalidSetting: A folder holds no model.
    """
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        files = sorted(path.rglob("*.tflite"), key=lambda file: file.stat().st_size)
        if not files:
            raise InvalidSetting(f"{path} holds no .tflite file", "name a model, or a folder with models")
        for compiled in (False, True):
            found += [file for file in files if file.stem.endswith("_edgetpu") is compiled][-1:]
    return found


def bench(path: Path) -> Timing:
    """Return what is done with a file, how long it takes and how large the file is.

    Raises:
        ModelInvalid: It cannot be read.
    """
    compiled = path.stem.endswith("_edgetpu")
    verb = inspect if compiled else analyse
    verb(path)  # imports and caches belong to the start-up
    seconds = round(median_s(lambda: verb(path)), 4)
    return Timing(path.name, path.stat().st_size, verb.__name__, seconds, CALLS)


def bench_all(paths: Sequence[Path]) -> list[Timing]:
    """Return the timings of files, and of the largest files of folders.

    Raises:
        ModelInvalid: One cannot be read.
        InvalidSetting: A folder holds no model.
    """
    return [bench(path) for path in track(largest(paths), "timing analyse and inspect")]
