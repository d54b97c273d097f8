"""Damaged triples: `reweight` must answer with the honest file or with a typed refusal.

`undertone fuzz reweight` (`make fuzz-reweight`) damages one file of a triple at a time and takes apart what comes
back. Damage in instruction bits whose meaning nobody knows cannot be seen by
any check of the file itself; where it is carried into the result, unchanged and at its place, it counts as `carried`,
and as `carried in its words` where it made one more record or unmade one.
"""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgetpu_models.fuzz import Outcome, mutate
from edgetpu_models.program.container import open_compiled
from edgetpu_models.reweight.derive import reweight
from firmware_bridge.base.errors import InvalidSetting, UndertoneError
from firmware_bridge.base.memory import process_memory
from firmware_bridge.base.progress import track

LIMIT_S = 5.0


@dataclass(frozen=True)
class Triple:
    """A template and a network whose honest result is known.

    Attributes:
        original: The template's original.
        compiled: Its real compile.
        retrained: The other network (or the original again).
        honest: What `reweight` makes of the undamaged files.
    """

    original: bytes
    compiled: bytes
    retrained: bytes
    honest: bytes


def triples(folders: Sequence[Path]) -> Iterator[Triple]:
    """Yield the triples that folders with a `PAIRS.csv` have room for: every pair with itself and its neighbour.

    Raises:
        InvalidSetting: A folder lists no pairs.
    """
    for folder in folders:
        if not (folder / "PAIRS.csv").is_file():
            raise InvalidSetting(
                f"{folder} holds no PAIRS.csv",
                "name a folder whose PAIRS.csv lists original and compiled files",
            )
        with (folder / "PAIRS.csv").open() as stream:
            rows = [row for row in csv.DictReader(stream) if row["original"]]
        for row, other in zip(rows, [*rows[1:], rows[0]], strict=True):
            for wanted in (row, other):
                files = [
                    (folder / name).read_bytes()
                    for name in (row["original"], row["compiled"], wanted["original"])
                ]
                try:
                    yield Triple(files[0], files[1], files[2], reweight(*files).data)
                except UndertoneError:
                    continue


def without_token(data: bytes) -> bytes:
    """Return a compiled file with its caching tokens blanked."""
    changed = bytearray(data)
    for program in open_compiled(data).programs:
        if program.token_at:
            changed[program.token_at : program.token_at + 8] = bytes(8)
    return bytes(changed)


def outcome(triple: Triple, which: int, damaged: bytes) -> str:
    """Return what `reweight` made of a triple whose file `which` (0 to 2) was damaged."""
    files = [triple.original, triple.compiled, triple.retrained]
    same = files[which] == damaged
    before, files[which] = files[which], damaged
    try:
        made = without_token(reweight(*files).data)
    except UndertoneError as error:
        return type(error).__name__
    honest = without_token(triple.honest)
    if made == honest:
        return "honest" if not same else "unchanged"
    if which == 2:
        return _other_way(triple, damaged, made)
    if which == 1 and len(made) == len(honest) == len(damaged) == len(before):
        new, right, hurt, old = (np.frombuffer(x, np.uint8) for x in (made, honest, damaged, before))
        places = new != right
        if np.array_equal(new[places], hurt[places]) and (hurt != old)[places].all():
            return "carried"
        if _within_words(damaged, np.flatnonzero(places), np.flatnonzero(hurt != old)):
            return "carried in its words"
    if which == 1 and (damaged, made) == (before[: len(damaged)], honest[: len(damaged)]):
        return "carried"  # bytes behind everything that is read were cut off
    return "WRONG"


def _within_words(damaged: bytes, places: npt.NDArray[np.int64], hurt: npt.NDArray[np.int64]) -> bool:
    """Whether what differs stays within the instruction words that were damaged, and their neighbours.

    Damage can make one more record (a copy of another) or unmake one; nothing in the file tells that from what the
    compiler wrote. A record reaches over three words: its own, and one on either side.
    """
    for program in open_compiled(damaged).programs:
        span = program.stream
        words = {
            int(at - span.start) // 16 + d for at in hurt if span.start <= at < span.end for d in (-1, 0, 1)
        }
        if words and all(
            span.start <= at < span.end and (at - span.start) // 16 in words for at in places.tolist()
        ):
            return True
    return False


def _other_way(triple: Triple, damaged: bytes, made: bytes) -> str:
    """A damaged network may be a valid other one: from its neighbour's template it must come out the same."""
    try:
        again = reweight(triple.retrained, triple.honest, damaged).data
    except UndertoneError:
        return "valid network, no second way"
    return "valid network, two ways agree" if without_token(again) == made else "WRONG"


def run(known: Sequence[Triple], count: int, seed: int) -> Outcome:
    """Damage `count` files and return what came of it; smaller templates are drawn more often.

    Args:
        known: What `triples` gave.
        count: How many files to damage.
        seed: Makes them the same every time.

    Raises:
        InvalidSetting: There are no triples.
    """
    if not known:
        raise InvalidSetting(
            "no compiled models to damage", "name folders with real pairs and their PAIRS.csv (edgetpu_pairs)"
        )
    rng, result = random.Random(seed), Outcome()
    start = time.perf_counter()
    weights = [1 / len(t.compiled) ** 2 for t in known]
    for number in track(range(count), "damaging triples"):
        (triple,) = rng.choices(known, weights)
        which = rng.randrange(3)
        damaged = mutate((triple.original, triple.compiled, triple.retrained)[which], rng)
        began, where = time.process_time(), f"file {number} of seed {seed}"
        try:
            answer = outcome(triple, which, damaged)
        except Exception as error:  # noqa: BLE001  (finding these is what a fuzzer is for; they are reported)
            answer = "failure"
            result.failures.append(f"{where}: {type(error).__name__}: {error}")
        took = time.process_time() - began
        result.slowest_s = max(result.slowest_s, took)
        if answer == "WRONG" or took > LIMIT_S:
            result.failures.append(f"{where}: {answer}, {took:.1f} s")
        result.answers[f"{('original', 'compiled', 'retrained')[which]}: {answer}"] += 1
        result.files += 1
    result.seconds = time.perf_counter() - start
    result.peak_mib = process_memory().peak_mib
    return result
