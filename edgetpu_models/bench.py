"""How long `analyse` and `inspect` take: `python -m edgetpu_models.bench FILE_OR_FOLDER...`.

Seconds of one core after start-up, the median of several calls; each folder is represented by its largest files.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from edgetpu_models.analyse import analyse
from edgetpu_models.inspect import inspect
from firmware_bridge.base.errors import UndertoneError

CALLS = 9


def median_s(work: Callable[[], object], calls: int = CALLS) -> float:
    """Return the median of the seconds of one core that `work` takes."""
    times = []
    for _ in range(calls):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def largest(paths: Sequence[Path]) -> list[Path]:
    """Return the files among `paths`, and of each folder the largest original and the largest compiled file."""
    found = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        files = sorted(path.rglob("*.tflite"), key=lambda file: file.stat().st_size)
        for compiled in (False, True):
            found += [file for file in files if file.stem.endswith("_edgetpu") is compiled][-1:]
    return found


def bench(path: Path) -> dict[str, object]:
    """Return what is done with a file, how long it takes and how large the file is.

    Raises:
        UndertoneError: It cannot be read.
    """
    compiled = path.stem.endswith("_edgetpu")
    verb = inspect if compiled else analyse
    verb(path)  # imports and caches belong to the start-up
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "verb": verb.__name__,
        "median_s": round(median_s(lambda: verb(path)), 4),
        "calls": CALLS,
    }


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; returns the exit status."""
    try:
        results = [bench(path) for path in largest([Path(argument) for argument in arguments])]
    except (UndertoneError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
