"""The compiler's output as data: what it prints, and the `_edgetpu.log` file, of versions 1.0 to 16.0.

Lines are found by their labels, wherever they stand: the order and some words changed between versions, and
some builds glue lines together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from edgetpu_models.phrases import PHRASES

_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = r"\s*:?\s*([0-9]+(?:\.[0-9]+)?)\s*(B|KiB|MiB|GiB)"
_LABELS = {
    "input_bytes": "Input size",
    "output_bytes": "Output size",
    "on_chip_used": "On-chip memory used for caching model parameters",
    "on_chip_remaining": "On-chip memory (?:remaining|available) for caching model parameters",
    "off_chip_used": "Off-chip memory used for streaming uncached model parameters",
}
_COUNTS = {
    "subgraphs": "Number of Edge TPU subgraphs",
    "operations": "Total number of operations",
    "operations_tpu": "Number of operations that will run on Edge TPU",
    "operations_cpu": "Number of operations that will run on CPU",
}
_ROW = re.compile(r"^([A-Za-z][A-Za-z0-9_\-]*) +([0-9]+) +(\S.*?)\s*$", re.MULTILINE)
_VERSION = re.compile(r"Edge TPU Compiler version\s+([0-9][0-9.]*)")


@dataclass(frozen=True)
class OpStatus:
    """One row of the operation table."""

    op: str
    count: int
    status: str


@dataclass
class ModelLog:
    """What the compiler says about one model; sizes are rounded by the compiler (two decimals of KiB or MiB).

    Attributes:
        model: Path as the compiler prints it.
        sizes: Bytes by name (`input_bytes`, `on_chip_used`, …); what was not printed is absent.
        counts: Operation and subgraph counts by name.
        table: Operations with their status.
    """

    model: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    table: list[OpStatus] = field(default_factory=list)


@dataclass
class CompilerLog:
    """Everything that one run printed.

    Attributes:
        version: Compiler version, empty where it was not printed.
        succeeded: Whether it says that it made something.
        milliseconds: Its own time, -1 where it was not printed.
        models: One entry per model, in order.
        failures: Known phrases of failure, in order of the list in `phrases`.
        unread: How many non-empty lines meant nothing to the parser.
    """

    version: str = ""
    succeeded: bool = False
    milliseconds: int = -1
    models: list[ModelLog] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unread: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the log as JSON-ready data."""
        return asdict(self)


_FATAL = (
    "Internal compiler error. Aborting!",
    "Compilation failed due to large activation tensors in model",
    "Model failed in Tflite interpreter",
    "Encountered unresolved custom op",
    "Op builtin_code out of range",
    "Didn't find op for builtin opcode",
    "Compilation child process failed to complete within timeout period",
)
_KNOWN_LINES = re.compile(
    r"Edge TPU Compiler version|Started a compilation timeout timer|Model compiled successfully|Models compiled|"
    r"Input( model| size)?:|Output( model| size)?:|chip memory|Number of|Total number|Operation log:|"
    r"Model successfully compiled but not all|A percentage of the model|To ensure|details, visit|"
    r"Operator +Count +Status|Compilation (child process completed|succeeded)|See the operation log"
)


def parse_log(text: str) -> CompilerLog:
    """Read what the compiler printed, or its `_edgetpu.log`; never fails, whatever the text."""
    version = _VERSION.search(text)
    took = re.search(r"compiled successfully in ([0-9]+) ?ms", text)
    blocks = list(_blocks(text))
    failures = [p.text for p in PHRASES if p.text in _FATAL and p.text.rstrip(".!") in text]
    return CompilerLog(
        version=version.group(1) if version else "",
        succeeded=(took is not None or "Compilation succeeded" in text) and not failures,
        milliseconds=int(took.group(1)) if took else -1,
        models=[_model(block) for block in blocks],
        failures=failures,
        unread=_unread(text),
    )


def _blocks(text: str) -> Iterator[str]:
    """Yield the part of the text that belongs to each model; one nameless part where no model is named."""
    starts = [m.start() for m in re.finditer(r"Input(?: model)?: ", text)]
    if not starts:
        if any(re.search(label, text) for label in (*_LABELS.values(), *_COUNTS.values())) or _ROW.search(
            text
        ):
            yield text
        return
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[start:end]


def _model(block: str) -> ModelLog:
    name = re.match(r"Input(?: model)?: (.*)", block)
    log = ModelLog(model=name.group(1).strip() if name else "")
    for key, label in _LABELS.items():
        found = re.search(label + _SIZE, block)
        if found:
            log.sizes[key] = round(float(found.group(1)) * _UNITS[found.group(2)])
    for key, label in _COUNTS.items():
        found = re.search(label + r"\s*:\s*([0-9]+)", block)
        if found:
            log.counts[key] = int(found.group(1)[:9])
    rows = (m.groups() for m in _ROW.finditer(block))
    log.table = [OpStatus(op, int(count[:9]), status) for op, count, status in rows if _is_status(status)]
    return log


def _is_status(text: str) -> bool:
    return any(p.text.rstrip(".!") in text for p in PHRASES)


def _unread(text: str) -> int:
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(not (_KNOWN_LINES.search(x) or _is_status(x) or any(f in x for f in _FATAL)) for x in lines)
