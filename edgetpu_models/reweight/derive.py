"""From a template and a retrained network to the file that the compiler would have made.

The template must first give itself back, byte for byte; then the same steps are taken with the retrained network,
and the result must be proved to be made from it. Whatever would have to be guessed is refused.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgetpu_models.format.model import Model
from edgetpu_models.format.reader import load
from edgetpu_models.program.constants import chip_zero, step
from edgetpu_models.program.layers import lay_out, layer_of
from edgetpu_models.program.stream import write_bits
from edgetpu_models.provenance.check import Study, Verdict, provenance_of, study
from edgetpu_models.reweight.additions import rewrite_additions
from edgetpu_models.reweight.outer import rename_all, rewrite_outer
from edgetpu_models.reweight.padding import rewrite_padding
from edgetpu_models.reweight.records import rewrite_records
from edgetpu_models.reweight.same import differences
from edgetpu_models.reweight.softmax import bits_of, masked, slots
from edgetpu_models.reweight.template import fixed_zero_points, objections, reliance
from edgetpu_models.reweight.token import MARK
from edgetpu_models.verify import verify_model
from firmware_bridge.base.errors import ReweightRefused

_REMEDY = (
    "compile this network with the real compiler; `undertone provenance` shows what is understood of a file"
)


@dataclass(frozen=True)
class Derived:
    """A compiled file that no compiler made.

    Attributes:
        data: The file.
        token: Its parameter caching token, hexadecimal.
        layers: Layers whose parameters were written.
        records: Records whose constants were written.
        changed_bytes: Bytes that differ from the template; -1 where the file has another size.
        rests_on: What of it counts of single records support, and no whole pair of real files.
    """

    data: bytes
    token: str
    layers: int
    records: int
    changed_bytes: int
    rests_on: tuple[str, ...] = ()
    evidence: str = "derived"

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON-ready data."""
        return {k: v for k, v in asdict(self).items() if k != "data"} | {"size_bytes": len(self.data)}


def reweight(
    original: Path | str | bytes, compiled: Path | str | bytes, retrained: Path | str | bytes
) -> Derived:
    """Derive the compiled form of `retrained` from the pair (`original`, `compiled`).

    Raises:
        ModelInvalid: A file is damaged or of the wrong kind.
        ReweightRefused: Something would have to be guessed; the message names it.
    """
    source, made, fresh = (bytes(load(x)) for x in (original, compiled, retrained))
    template = study(source, made)
    model = verify_model(fresh)
    _accept(template)
    _refuse([*differences(template.original, model)], "the networks differ in more than their values")
    _refuse([*fixed_zero_points(template, model.main)], "values change on which more depends than is known")
    data, token = _rewrite(template, model, _token(made, fresh, template))
    found = provenance_of(study(fresh, data))
    if found.verdict is not Verdict.PROVED:
        raise ReweightRefused(f"the result does not prove itself ({found.reason})", _REMEDY)
    changed = -1
    if len(made) == len(data):
        changed = int(np.count_nonzero(np.frombuffer(made, np.uint8) != np.frombuffer(data, np.uint8)))
    layers, records = len(template.placement.placed), len(template.matching.explained)
    return Derived(data, f"{token:016x}", layers, records, changed, reliance(template, model.main))


def _accept(template: Study) -> None:
    """Refuse a template that is not understood or does not give itself back."""
    _refuse([*objections(template)], "this file cannot be a template")
    data, _ = _rewrite(template, template.original, template.compiled.running.token)
    if data != template.compiled.data:
        at = next(
            (i for i, (a, b) in enumerate(zip(data, template.compiled.data, strict=False)) if a != b), -1
        )
        raise ReweightRefused(
            f"the template does not give itself back (first difference at byte {at})", _REMEDY
        )


def accept(original: Path | str | bytes, compiled: Path | str | bytes) -> Study:
    """Return the template if it can be one.

    Raises:
        ReweightRefused: It cannot; the message says why.
    """
    template = study(bytes(load(original)), bytes(load(compiled)))
    _accept(template)
    return template


def _refuse(reasons: list[str], what: str) -> None:
    if reasons:
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        raise ReweightRefused(f"{what}: {reasons[0]}{more}", _REMEDY)


def _token(template: bytes, fresh: bytes, pair: Study) -> int:
    """Return a caching token: a mark and 5 bytes of a hash over template and network, never the template's own.

    A runtime that finds a known token does not send the parameters again, so two networks must not share one.
    """
    digest = hashlib.sha256(b"undertone reweight 1" + hashlib.sha256(template).digest() + fresh).digest()
    tokens = [MARK | (value & 0xFF_FFFF_FFFF) for value in struct.unpack("<4Q", digest)]
    known = {0, *(p.token for p in pair.compiled.programs)}
    token: int = next(t for t in tokens if t not in known)
    return token


def _rewrite(template: Study, model: Model, token: int) -> tuple[bytes, int]:
    """Return the template with the values of `model`, and its token (0 where it has none)."""
    graph, data = model.main, bytearray(template.compiled.data)
    _parameters(template, model, data)
    streams = [bytearray(p.stream.of(data)) for p in template.compiled.programs]
    rewrite_records(template, graph, streams)
    running = template.compiled.programs.index(template.compiled.running)
    rewrite_additions(template, graph, streams[running])
    rewrite_padding(template, graph, streams[running])
    _softmax(template, model, data, streams[running])
    stored = 0
    for program, stream in zip(template.compiled.programs, streams, strict=True):
        data[program.stream.start : program.stream.end] = stream
        if program.token_at:
            struct.pack_into("<Q", data, program.token_at, token)
            stored = token
    renames = rewrite_outer(template, graph, data)
    return rename_all(bytes(data), renames), stored


def _parameters(template: Study, model: Model, data: bytearray) -> None:
    for placed in template.placement.placed:
        layer = layer_of(model.main, model.main.operators[placed.layer.op])
        stored = lay_out(layer, placed.form) if layer is not None else b""
        if len(stored) != placed.span.size:
            raise ReweightRefused(
                f"operation {placed.layer.op} ({placed.layer.kind}) would need {len(stored)} parameter bytes, and has "
                f"room for {placed.span.size}",
                _REMEDY,
            )
        data[placed.span.start : placed.span.end] = stored


def _softmax(template: Study, model: Model, data: bytearray, stream: bytearray) -> None:
    for index in template.mapped:
        op = template.graph.operators[index]
        before, after = template.graph.data_in(op), model.main.data_in(model.main.operators[index])
        if op.op != "SOFTMAX" or before is None or after is None:
            continue
        old, new = (bits_of(float(step(t))) for t in (before, after))
        zeros = chip_zero(before), chip_zero(after)
        found = slots(template, index)
        in_record = any((index, "softmax exponent") in e.owners for e in template.matching.explained)
        kinds = {slot.kind for slot in found}
        if old != new and not in_record and not kinds & {"table", "scale"}:
            raise ReweightRefused(
                f"operation {index} (SOFTMAX): where it keeps its scale is not known", _REMEDY
            )
        if zeros[0] != zeros[1] and "scale" in kinds and "zero" not in kinds:
            raise ReweightRefused(
                f"operation {index} (SOFTMAX): where it keeps its zero point is not known", _REMEDY
            )
        if old != new and "masked" in kinds and not old & new & 1:
            raise ReweightRefused(
                f"operation {index} (SOFTMAX): how its table masks lanes was seen for scales with an odd last bit only",
                _REMEDY,
            )
        for slot in found:
            if slot.kind in ("table", "masked"):
                value = new if slot.kind == "table" else masked(new)
                struct.pack_into("<I", data, slot.at, value)
            else:
                write_bits(stream, slot.at, 32, new if slot.kind == "scale" else zeros[1])
