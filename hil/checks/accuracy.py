"""How well it hears, on speakers that it has never heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.base.evidence import Evidence, Quantity
from hil.rig.observations import NO_KEYWORD, Observations
from train.evaluation.bootstrap import Interval, bootstrap, paired_difference, speaker_confusions
from train.evaluation.metrics import Matrix, macro_f1

RESAMPLES = 1000
AGREEMENT = "int8_agreement"


def leaked_speakers(seen: Observations) -> list[str]:
    """Return the scored speakers that training or selection has heard, sorted."""
    return sorted(set(seen.speakers) & set(seen.heard))


def leakage(seen: Observations) -> dict[str, Quantity | str]:
    """Count scored speakers that were heard before."""
    leaked = leaked_speakers(seen)
    source = (
        f"heard before: {', '.join(leaked)}" if leaked else f"{len(set(seen.speakers))} speakers, none heard"
    )
    return {
        "speaker_leakage": Quantity(
            len(leaked), "speakers", Evidence.MEASURED, len(set(seen.speakers)), source=source
        )
    }


def has_keywords(seen: Observations) -> NDArray[np.bool_]:
    """Return which segments ask for a keyword, bool[n]."""
    asked: NDArray[np.bool_] = seen.keyword_truth != NO_KEYWORD
    return asked


def branches(seen: Observations) -> dict[str, Quantity | str]:
    """Macro-F1 of each output with its interval over speakers, and what fusion adds to the better branch."""
    names = ("macro_f1_acoustic", "macro_f1_keyword", "macro_f1_fused", "fused_gain")
    leaked = leaked_speakers(seen)
    if leaked:
        return dict.fromkeys(names, f"refused: the model has heard {', '.join(leaked)}")
    asked, classes = has_keywords(seen), len(seen.labels)
    acoustic, fused, vote = (
        _matrices(seen.truth, scores, seen.speakers, classes)
        for scores in (seen.acoustic, seen.fused, seen.vote)
    )
    found: dict[str, Quantity | str] = {
        "macro_f1_acoustic": _figure(seen, bootstrap(acoustic, macro_f1, resamples=RESAMPLES)),
        "macro_f1_fused": _figure(seen, bootstrap(fused, macro_f1, resamples=RESAMPLES)),
        "macro_f1_keyword": "no segment has a keyword",
        "fused_gain": "no segment has a keyword: there is nothing to fuse",
    }
    if not asked.any():
        return found
    speakers = tuple(np.array(seen.speakers)[asked])
    keyword = _matrices(seen.keyword_truth[asked], seen.keyword[asked], speakers, len(seen.keywords))
    found["macro_f1_keyword"] = _figure(seen, bootstrap(keyword, macro_f1, resamples=RESAMPLES))
    better = max((acoustic, vote), key=lambda stack: float(macro_f1(stack.sum(axis=0))))
    name = "acoustic" if better is acoustic else "keyword"
    gain = paired_difference(fused, better, macro_f1, resamples=RESAMPLES)
    found["fused_gain"] = _figure(seen, gain, f"fused minus {name} alone; paired over the same speakers; ")
    return found


def _matrices(
    truth: NDArray[np.int64], scores: NDArray[np.int8], speakers: tuple[str, ...], classes: int
) -> Matrix:
    return speaker_confusions(truth, scores.argmax(axis=1), speakers, classes)[1]


def _figure(seen: Observations, interval: Interval, prefix: str = "") -> Quantity:
    source = f"{prefix}bootstrap over {interval.speakers} speakers, {seen.speech} speech"
    ends = (round(interval.low, 6), round(interval.high, 6))
    return Quantity(round(interval.value, 6), "", seen.score_evidence, len(seen.names), ends, source)


def int8_loss(seen: Observations) -> dict[str, Quantity | str]:
    """How often int8 and float agree: the bundle's own figure."""
    figure = seen.figures.get(AGREEMENT)
    return {AGREEMENT: figure or f"the bundle carries no figure '{AGREEMENT}'"}
