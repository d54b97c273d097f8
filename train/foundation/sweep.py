"""What every layer of an encoder holds: a plain logistic regression on speakers that it was not fitted on.

Each clip is the mean and the standard deviation over time of a layer; the regression is `probe.py`'s. Saliency
(Mitra et al.) stands beside it, on the means alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from train.corpora.record import Clip, Corpus
from train.evaluation.splits import leave_speakers_out
from train.foundation.catalogue import open_encoder
from train.foundation.extraction.run import extract
from train.foundation.ranking import LayerScore, choose_layer, rank_layers

FOLDS = 6
Deal = Literal["interleaved", "consecutive"]


@dataclass(frozen=True)
class Sweep:
    """A swept encoder.

    Attributes:
        encoder: Its name.
        clips: How many clips were heard.
        speakers: Of how many speakers.
        folds: How many folds they were left out in.
        deal: Who shared a fold.
        scores: One a layer, from input to output.
    """

    encoder: str
    clips: int
    speakers: int
    folds: int
    deal: Deal
    scores: tuple[LayerScore, ...]

    @property
    def best(self) -> LayerScore:
        """The layer with the highest score of the probe."""
        return choose_layer(self.scores, "probe")

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's correlation, over the layers, of saliency with the probe; `None` where one is constant."""
        from scipy.stats import spearmanr

        saliency, probe = ([getattr(s, key) for s in self.scores] for key in ("saliency", "probe_uar"))
        if len(set(saliency)) < 2 or len(set(probe)) < 2:
            return None
        return float(spearmanr(saliency, probe).statistic)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "encoder": self.encoder,
            "clips": self.clips,
            "speakers": self.speakers,
            "folds": self.folds,
            "deal": self.deal,
            "layers": [score.as_dict() for score in self.scores],
            "best": self.best.layer,
            "rank_correlation": self.rank_correlation,
        }


def clip_names(corpus: Corpus, clips: Sequence[Clip]) -> dict[str, Path]:
    """Return names that are the same on every machine, paths below the corpus's folder, with the files."""
    return {clip.path.relative_to(corpus.root).as_posix(): clip.path for clip in clips}


def speaker_deal(clips: Sequence[Clip], folds: int, deal: Deal) -> npt.NDArray[np.int64]:
    """Return the fold of every clip; all clips of a speaker share one.

    Args:
        clips: With known speakers.
        folds: How many, at least 2.
        deal: `interleaved` gives speaker i of the sorted ones fold (i + 1) mod `folds`, for RAVDESS actors 01,
            07, 13 and so on; `consecutive` is what `undertone folds` does, actors 01-03 and so on.

    Raises:
        CorpusInvalid: Fewer speakers than folds.
        InvalidSetting: Fewer than two folds.
    """
    splits = leave_speakers_out(clips, folds)
    names = sorted({clip.speaker for clip in clips})
    fold_of = {name: (index + 1) % folds for index, name in enumerate(names)}
    if deal == "consecutive":
        fold_of = {name: index for index, split in enumerate(splits) for name in split.test}
    return np.array([fold_of[clip.speaker] for clip in clips], np.int64)


def sweep(
    which: str,
    corpus: Corpus,
    clips: Sequence[Clip],
    out: Path,
    folds: int = FOLDS,
    deal: Deal = "interleaved",
    scheduler: str | None = None,
) -> Sweep:
    """Score every layer of an encoder.

    Args:
        which: The encoder, as `open_encoder` takes it.
        corpus: Where the clips are from.
        clips: Labelled clips with sound, of training speakers only where a layer is chosen by the result.
        out: Where the statistics of all layers are kept, and found again.
        folds: Speaker-disjoint folds.
        deal: Who shares one, as in `speaker_deal`. Another deal moves single figures by up to three points.
        scheduler: As in `extract`.
    """
    encoder = open_encoder(which)
    files = clip_names(corpus, clips)
    store = extract(which, files, encoder.layer_names, out, keep="statistics", scheduler=scheduler).store
    tables = {name: store.table(name, tuple(files)) for name in encoder.layer_names}
    means = {name: table[:, : table.shape[1] // 2] for name, table in tables.items()}
    labels = np.array([corpus.labels.index(str(clip.label)) for clip in clips], np.int64)
    speakers = np.array([clip.speaker for clip in clips])
    fold = speaker_deal(clips, folds, deal)
    scores = rank_layers(encoder, tables, labels, speakers, kept=means, fold=fold)
    return Sweep(encoder.about.name, len(clips), len(set(speakers)), folds, deal, tuple(scores))
