"""`undertone bisect`: the first layer where two executors of a model part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from edgetpu_models.numeric.executors import Executor


@click.command(name="bisect")
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--tensors", type=click.Path(path_type=Path), help="recorded tensors (.npz) instead of fast kernels"
)
@click.option("--executor", "name", default="fast", show_default=True, help="fast or edgetpu-model")
@click.option(
    "--compiled",
    type=click.Path(path_type=Path),
    help="the chip's arithmetic with MODEL's scales against the same with this compiled file's records",
)
@click.option("--contract", type=click.Path(path_type=Path), help="tolerance file to hold the layers against")
@click.option("--save", type=click.Path(path_type=Path), help="write the measured tolerances here")
@click.option("--inputs", "count", default=8, show_default=True, help="how many random inputs")
@options.seed()
@options.as_json()
def command(
    model: Path,
    tensors: Path | None,
    name: str,
    compiled: Path | None,
    contract: Path | None,
    save: Path | None,
    count: int,
    seed: int,
    as_json: bool,
) -> int:
    """Compare MODEL's reference kernels with another executor, or with tensors recorded on a device.

    The .npz holds `input_I` (set I) and `I_T` (tensor T of set I). Exit status 1 when a layer is out of tolerance.
    """
    from edgetpu_models.bisect import bisect
    from edgetpu_models.format.reader import load
    from edgetpu_models.numeric import contract as contracts
    from edgetpu_models.numeric.executors import Kernels, random_inputs
    from edgetpu_models.numeric.named import executor, with_records
    from edgetpu_models.numeric.recorded import read_recorded
    from edgetpu_models.verify import verify_model

    data = bytes(load(model))
    reference: Executor
    other: Executor
    model_data = verify_model(data)
    reference = Kernels(data)
    if tensors is not None:
        other, sets = read_recorded(tensors, model_data)
    else:
        sets = random_inputs(model_data, count, seed)
        if compiled is not None:
            reference, other = with_records(data, bytes(load(compiled)))
        else:
            other = executor(name, data)
    if save is not None:
        contracts.save(contracts.measure(data, model_data, reference, other, sets), save)
        console.log(f"wrote {save}")
        return 0
    allowed = contracts.load(contract, data) if contract is not None else None
    verdict = bisect(model_data, reference, other, sets, allowed)
    if as_json:
        console.emit_json(verdict.as_dict())
        return 0 if verdict.agrees else 1
    rows = [(d.op_index, d.op, f"{d.worst:g}", f"{d.mean:.4f}", f"{d.elements:,}") for d in verdict.layers]
    console.emit_table(
        f"{reference.name} and {other.name}", ("#", "operation", "worst", "mean", "elements"), rows
    )
    if verdict.first is None:
        console.emit_text("every layer is within its tolerance")
        return 0
    first = verdict.first
    console.emit_text(f"first out of tolerance: {first.op} {first.op_index}, {first.worst:g} LSB at worst")
    if len(verdict.suspects) > 1:
        console.emit_text(f"the cause is one of operations {', '.join(map(str, verdict.suspects))}")
        console.emit_text(f"record next: {', '.join(verdict.next_tensors)}")
    return 1
