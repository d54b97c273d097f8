"""`undertone agree`: how far the chip's arithmetic may be from the CPU's, per layer and in the decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tools import console, options

if TYPE_CHECKING:
    from edgetpu_models.numeric.agreement import Agreement
    from hil.chip.flips import Flips


@click.command(name="agree")
@click.argument("model", required=False, type=click.Path(path_type=Path))
@options.bundle("count decisions of this bundle on real clips", default=None)
@options.corpus("for --bundle, by default its own")
@click.option(
    "--limit", type=click.IntRange(min=1), default=60, show_default=True, help="clips, spread over all"
)
@click.option("--inputs", "count", default=8, show_default=True, help="random inputs, for MODEL")
@options.seed()
@click.option(
    "--max-flips",
    type=click.IntRange(min=0),
    help="exit status 1 above so many other winners [chip_flips of budgets.toml]",
)
@options.as_json()
def command(
    model: Path | None,
    bundle_dir: Path | None,
    corpus: str | None,
    limit: int,
    count: int,
    seed: int,
    max_flips: int | None,
    as_json: bool,
) -> int:
    """Compare reference kernels, fast kernels and the chip's arithmetic on MODEL, or on a bundle and real clips.

    What is not known of the chip (halves, tables) is run in every alternative; figures are an interval over these.
    """
    from firmware_bridge.base.errors import InvalidSetting

    if (model is None) == (bundle_dir is None):
        raise InvalidSetting(
            "give a MODEL or --bundle, one of both", "undertone agree build/bundle/acoustic.tflite"
        )
    if model is not None:
        from edgetpu_models.format.reader import load
        from edgetpu_models.numeric.agreement import agree
        from edgetpu_models.numeric.executors import random_inputs
        from edgetpu_models.verify import verify_model

        data = bytes(load(model))
        found = agree(data, random_inputs(verify_model(data), count, seed))
        if as_json:
            console.emit_json(found.as_dict())
        else:
            _show(model.name, found)
        return int(max_flips is not None and found.flip_interval[1] > max_flips)
    assert bundle_dir is not None  # one of both, see above
    flips = _flips(bundle_dir, corpus, limit)
    if as_json:
        console.emit_json(flips.as_dict())
    else:
        rows = [(n, f"{flips.fewest[n]}..{flips.most[n]}", flips.worst_lsb[n]) for n in flips.fewest]
        title = f"{flips.clips} clips: reference kernels against the chip's arithmetic (modelled)"
        console.emit_table(title, ("output", "other winner", "worst LSB"), rows)
    allowed = max_flips if max_flips is not None else _promised() * flips.clips / 100
    if flips.most["fused"] > allowed:
        console.log(f"{flips.most['fused']} fused decisions may change, {allowed:g} are allowed")
    return int(flips.most["fused"] > allowed)


def _promised() -> float:
    """Return how many of 100 fused decisions the chip may change."""
    from hil.budgets import load_budgets

    return load_budgets()["chip_flips"].limit


def _flips(directory: Path, corpus: str | None, limit: int) -> Flips:
    from edgetpu_models.numeric.chip_arithmetic import ALTERNATIVES
    from firmware_bridge.contract.bundle import load_bundle
    from hil.chip.flips import count_flips
    from train.corpora.reading import read_clips
    from train.evaluation.on_corpus import choose

    bundle = load_bundle(directory)
    chosen = choose(bundle, corpus, None, limit)
    return count_flips(bundle, read_clips(chosen.clips, f"reading {chosen.corpus.name}"), ALTERNATIVES)


def _show(name: str, found: Agreement) -> None:
    rows = [
        (
            layer.index,
            layer.op,
            *(f"{100 * share:.3f}" for share in layer.shares[:3]),
            f"{100 * layer.differing[0]:.3f}..{100 * layer.differing[1]:.3f}",
            f"{layer.worst[0]}..{layer.worst[1]}",
        )
        for layer in found.layers
    ]
    columns = ("#", "operation", "equal %", "1 LSB %", "2 LSB %", "differing %, interval", "worst")
    console.emit_table(f"{name}: reference kernels against the chip's arithmetic (modelled)", columns, rows)
    ends = [
        (who, f"{worst:g}", f"{mean:.4f}", found.flips[who])
        for who, (worst, mean) in found.end_to_end.items()
    ]
    console.emit_table(
        f"end to end, {found.inputs} inputs", ("executor", "worst", "mean", "other winner"), ends
    )
