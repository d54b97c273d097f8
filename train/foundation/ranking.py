"""Ranks a foundation model's layers by saliency and by a probe, and lets a recipe choose one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import UnknownName
from firmware_bridge.base.files import atomic_path
from firmware_bridge.base.progress import track
from train.foundation.model import Layered, Pooled
from train.foundation.probe import FOLDS, probe_uar, speaker_folds
from train.foundation.saliency import layer_saliency, one_versus_rest

CHOICES = ("saliency", "correlation", "probe")


@dataclass(frozen=True)
class LayerScore:
    """What is known about one layer.

    Attributes:
        layer: Its name.
        parameters_up_to: Parameters of the network when it is cut after the layer.
        saliency: S of Mitra et al., equation 3.
        correlation_term: The part of S that does not reward repetition: mean |corr(h_i, y)|.
        probe_uar: Unweighted average recall of a linear probe on speakers it was not fitted on.
    """

    layer: str
    parameters_up_to: int
    saliency: float
    correlation_term: float
    probe_uar: float

    def as_dict(self) -> dict[str, Any]:
        """Return the score as JSON-ready data."""
        return asdict(self)


def rank_layers(
    model: Layered,
    pooled: Mapping[str, Pooled],
    labels: npt.NDArray[np.int64],
    speakers: npt.NDArray[np.str_],
    targets: npt.NDArray[np.float32] | None = None,
    kept: Mapping[str, Pooled] | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    fold: npt.NDArray[np.int64] | None = None,
) -> list[LayerScore]:
    """Score every layer in `pooled`. Pass clips of training speakers only: a choice is made from this.

    Args:
        model: Whose layers they are.
        pooled: Layer name to float32 [clips, channels], averaged over time (`FoundationModel.pooled`).
        labels: Class of each clip, for the probe.
        speakers: Speaker of each clip, for the probe's folds.
        targets: float32 [clips, columns] for saliency: rater distributions or valence, arousal and
            dominance. `None` takes the labels one versus rest.
        kept: The same with frequencies kept apart, for saliency; `None` takes `pooled`.
        folds: Speaker-disjoint folds of the probe.
        seed: Decides the folds.
        fold: The fold of each clip, where the folds are given.

    Returns:
        One score a layer, in the order of `pooled`.
    """
    fold = speaker_folds(speakers, folds, seed) if fold is None else fold
    columns = one_versus_rest(labels, int(labels.max()) + 1) if targets is None else targets
    scores = []
    for layer, values in track(pooled.items(), "ranking layers", len(pooled)):
        saliency = layer_saliency((kept or pooled)[layer], columns)
        scores.append(
            LayerScore(
                layer=layer,
                parameters_up_to=model.parameters_up_to(layer),
                saliency=saliency.total,
                correlation_term=saliency.correlation,
                probe_uar=probe_uar(values, labels, fold, seed),
            )
        )
    return scores


def choose_layer(scores: Sequence[LayerScore], by: str) -> LayerScore:
    """Return the layer that a recipe asks for.

    Args:
        scores: What `rank_layers` returned.
        by: `saliency`, `correlation` or `probe` for the best layer by that score, or a layer's name.

    Raises:
        UnknownName: `by` is neither a score nor a layer.
    """
    named = {score.layer: score for score in scores}
    if by in named:
        return named[by]
    if by not in CHOICES:
        raise UnknownName("way to choose a layer", by, [*CHOICES, *named])
    field = {"saliency": "saliency", "correlation": "correlation_term", "probe": "probe_uar"}[by]
    return max(scores, key=lambda score: float(getattr(score, field)))


def plot_ranking(scores: Sequence[LayerScore], path: Path) -> None:
    """Draw saliency, its correlation term and the probe, layer by layer, as a PNG file.

    Args:
        scores: What `rank_layers` returned.
        path: Where the picture goes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [score.layer for score in scores]
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    left = figure.add_subplot()
    left.plot(names, [100 * score.probe_uar for score in scores], "o-", color="tab:blue", label="probe")
    left.set_ylabel("probe UAR (%), speakers left out", color="tab:blue")
    left.set_xlabel("layer")
    left.tick_params(axis="x", rotation=45)
    right = left.twinx()
    for values, style, label in (
        ([score.saliency for score in scores], "s--", "saliency (eq. 3)"),
        ([score.correlation_term for score in scores], "^:", "correlation term"),
    ):
        # Their units differ by an order of magnitude, so each is drawn relative to its own maximum.
        right.plot(names, np.array(values) / max(max(values), 1e-9), style, color="tab:orange", label=label)
    right.set_ylabel("relative to the best layer", color="tab:orange")
    lines = [*left.get_lines(), *right.get_lines()]
    figure.legend(lines, [str(line.get_label()) for line in lines], loc="outside lower center", ncols=3)
    left.set_title("Which layer carries emotion? Saliency beside a probe, training speakers only")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
