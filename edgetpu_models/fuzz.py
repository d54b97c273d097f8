"""Damage model files on purpose: every tool must answer with data or a typed error, quickly.

`undertone fuzz edgetpu` (`make fuzz-edgetpu`) runs many rounds.
"""

from __future__ import annotations

import json
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgetpu_models.analyse import analyse
from edgetpu_models.inspect import inspect
from edgetpu_models.lint import lint
from edgetpu_models.testing import compiled, small_network
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import InvalidSetting, UndertoneError
from firmware_bridge.base.memory import process_memory
from firmware_bridge.base.progress import track


def _json(found: Any) -> str:
    return json.dumps(found.as_dict())


TOOLS: dict[str, Callable[[bytes], object]] = {
    "verify": verify_model,
    "lint": lambda data: [_json(finding) for finding in lint(data)],
    "analyse": lambda data: _json(analyse(data)),
    "inspect": lambda data: _json(inspect(data)),
}
LIMIT_S = 1.0
_EXTREMES = (0, 1, 2, 3, 4, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1)


@dataclass
class Outcome:
    """What happened.

    Attributes:
        files: Damaged files tried.
        answers: Tool and kind of answer (`data`, or the error's class) to count.
        failures: Anything else: an untyped exception, or an answer that took too long.
        slowest_s: The slowest single answer, processor time.
        seconds: Time of the whole run.
        peak_mib: Largest memory of the process.
    """

    files: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    seconds: float = 0.0
    peak_mib: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON-ready data."""
        return {
            "files": self.files,
            "answers": dict(sorted(self.answers.items())),
            "failures": self.failures[:20],
            "failure_count": len(self.failures),
            "slowest_s": round(self.slowest_s, 4),
            "seconds": round(self.seconds, 1),
            "peak_mib": round(self.peak_mib, 1),
        }


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return a damaged copy: flipped bits, extreme values, cut, moved or doubled pieces; one to eight of these."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if len(changed) < 16:
            break
        at = rng.randrange(len(changed))
        if rng.random() < 0.5:  # structure is dense at both ends
            at = rng.randrange(min(len(changed), 4096)) if rng.random() < 0.5 else -rng.randrange(1, 4096)
            at = at % len(changed)
        kind = rng.randrange(6)
        if kind == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at] = rng.randrange(256)
        elif kind == 2:
            at = min(at - at % 4, len(changed) - 4)
            changed[at : at + 4] = struct.pack("<I", rng.choice(_EXTREMES))
        elif kind == 3:
            at = min(at - at % 4, len(changed) - 4)
            value = struct.unpack_from("<I", changed, at)[0]
            struct.pack_into("<I", changed, at, (value + rng.randrange(-64, 65)) % 2**32)
        elif kind == 4:
            del changed[at : at + rng.choice((1, 2, 4, 64, 4096))]
        else:
            end = min(len(changed), at + rng.choice((4, 16, 64)))
            target = rng.randrange(len(changed))
            changed[target : target + end - at] = changed[at:end]
    return bytes(changed)


def damaged(sources: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged files; the same seed yields the same ones."""
    rng = random.Random(seed)
    for _ in range(count):
        yield mutate(rng.choice(sources), rng)


def fuzz(sources: Sequence[bytes], count: int, seed: int = 0) -> Outcome:
    """Give damaged files to verify, lint, analyse and inspect.

    Args:
        sources: Good files.
        count: How many damaged ones to make.
        seed: Makes them the same every time.
    """
    outcome = Outcome()
    start = time.perf_counter()
    for number, data in enumerate(track(damaged(sources, count, seed), "reading damaged models", count)):
        for name, tool in TOOLS.items():
            _try(name, tool, data, f"{name} on file {number} of seed {seed}", outcome)
        outcome.files += 1
    outcome.seconds = time.perf_counter() - start
    outcome.peak_mib = process_memory().peak_mib
    return outcome


def _try(name: str, tool: Callable[[bytes], object], data: bytes, where: str, outcome: Outcome) -> None:
    start = time.process_time()  # on a shared machine the clock tells about the others
    try:
        tool(data)
        answer = "data"
    except UndertoneError as error:
        answer = type(error).__name__
    except Exception as error:  # noqa: BLE001  (finding these is what a fuzzer is for; they are reported)
        answer = "failure"
        outcome.failures.append(f"{where}: {type(error).__name__}: {error}")
    took = time.process_time() - start
    outcome.slowest_s = max(outcome.slowest_s, took)
    if took > LIMIT_S:
        outcome.failures.append(f"{where}: {took:.2f} s")
    outcome.answers[f"{name}: {answer}"] += 1


def default_sources() -> list[bytes]:
    """Return made-up models of both kinds, for machines without real ones."""
    return [small_network(), small_network(1), compiled(), compiled(cached=0, streamed=64)]


def sources_in(folders: Sequence[Path]) -> list[bytes]:
    """Return the models that folders hold; without folders, those of `default_sources`.

    Raises:
        InvalidSetting: A folder holds none: to damage others in their place would test what nobody asked for.
    """
    found = []
    for folder in folders:
        files = sorted(folder.glob("*.tflite"))
        if not files:
            raise InvalidSetting(
                f"{folder} holds no .tflite file", "name a folder with models, or none for made-up ones"
            )
        found += [file.read_bytes() for file in files]
    return found or default_sources()
