"""CMU-MOSEI: six emotions and sentiment in video monologues, English, several emotions at once (Zadeh et al. 2018).

Official layout: `CMU_MOSEI_Labels.csd` (HDF5: `All Labels/data/VIDEO/features` [n, 7] and `intervals` [n, 2] in
seconds) and `Raw/Audio/Full/WAV_16000/VIDEO.wav`, of which each interval is a clip. Emotions are 0 to 3, the mean
of three raters: their shares are the votes, and an emotion that stands above all others is the label. Nobody says
who speaks: a speaker is a video. The makers' division is read from `cmu_mosei_std_folds.py` where that file lies
beside the labels: as text, nothing in it is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.base.errors import CorpusInvalid
from train.corpora.files import in_order, sounds_by_stem
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Slice, reader
from train.corpora.tables import AGAIN, find_file, first_file, read_text

COLUMNS = ("sentiment", "happy", "sad", "angry", "surprised", "disgust", "fearful")
LABELS = COLUMNS[1:]
RATERS = 3
GROUP = "All Labels/data"
FOLDS = {
    "standard_train_fold": "train",
    "standard_valid_fold": "validation",
    "standard_test_fold": "test",
}


def _emotional(corpus: Corpus) -> Corpus:
    """Return the clips in which somebody heard an emotion."""
    return replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.votes))


@reader(
    "cmu_mosei",
    task="emotion",
    summary="CMU-MOSEI, 6 natural emotions at once and sentiment, English videos",
    every_class=False,
    folders=("cmu_mosei", "CMU_MOSEI"),
    classes="all",
    slices={"emotional": Slice(_emotional, "clips in which somebody heard an emotion")},
)
def load(root: Path) -> Corpus:
    """Read CMU-MOSEI from `root`.

    Raises:
        CorpusMissing: No label file.
        CorpusInvalid: It is not HDF5, is truncated, or has arrays of another shape or values out of range.
    """
    table = first_file(root, ("CMU_MOSEI_Labels.csd", "labels/CMU_MOSEI_Labels.csd"), "the labels")
    folds = find_file(root, ("cmu_mosei_std_folds.py", "labels/cmu_mosei_std_folds.py"))
    parts = read_folds(folds) if folds else {}
    sounds = sounds_by_stem(
        [root / "Raw/Audio/Full/WAV_16000", root / "Audio/Full/WAV_16000", root / "audio"]
    )
    clips = [_clip(root, video, values, span, sounds, parts) for video, values, span in _segments(table)]
    return Corpus(
        name="cmu_mosei",
        root=root,
        labels=LABELS,
        clips=in_order(clips),
        licence="research use (terms of its page); the videos are their makers'",
        attribution="A. Zadeh, P. P. Liang, S. Poria, E. Cambria, L.-P. Morency, Multimodal Language Analysis in the "
        "Wild: CMU-MOSEI Dataset and Interpretable Dynamic Fusion Graph, ACL 2018",
        commercial=False,
        sidecars=tuple(path for path in (table, folds) if path),
        speaker_unit="video",
    )


def _segments(path: Path) -> Iterator[tuple[str, Any, Any]]:
    """Yield video, values float64[7] and interval float64[2] of each segment."""
    import h5py

    try:
        with h5py.File(path, "r") as store:
            videos = store.get(GROUP)
            if videos is None:
                raise CorpusInvalid(f"{path}: no group '{GROUP}'", f"{AGAIN}; it has: {', '.join(store)}")
            for video in sorted(videos):
                yield from _of_video(path, video, videos[video])
    except (OSError, RuntimeError) as error:
        raise CorpusInvalid(f"{path}: not a whole HDF5 file ({error})", AGAIN) from error


def _of_video(path: Path, video: str, group: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the segments of one video."""
    try:
        values, spans = (np.asarray(group[name], np.float64) for name in ("features", "intervals"))
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusInvalid(f"{path}, {video}: no features and intervals", AGAIN) from error
    if values.ndim != 2 or values.shape[1] != len(COLUMNS) or spans.shape != (len(values), 2):
        raise CorpusInvalid(f"{path}, {video}: arrays of shape {values.shape} and {spans.shape}", AGAIN)
    low, high = np.array([-3.0] + [0.0] * 6), np.array([3.0] * 7)
    if not ((values >= low) & (values <= high)).all() or not (spans[:, 1] > spans[:, 0]).all():
        raise CorpusInvalid(
            f"{path}, {video}: a value out of range or an interval that ends before it begins", AGAIN
        )
    for row, span in zip(values, spans, strict=True):
        yield video, row, span


def _clip(
    root: Path, video: str, values: Any, span: Any, sounds: dict[str, Path], parts: dict[str, str]
) -> Clip:
    """Return the clip of a segment."""
    strength = values[1:]
    total = float(strength.sum())
    best = np.flatnonzero(strength == strength.max())
    return Clip(
        path=sounds.get(video, root / "Raw/Audio/Full/WAV_16000" / f"{video}.wav"),
        corpus="cmu_mosei",
        speaker=f"cmu_mosei/{video}",
        label=LABELS[int(best[0])] if total > 0 and len(best) == 1 else None,
        votes=tuple((name, float(x) / total) for name, x in zip(LABELS, strength, strict=True))
        if total > 0
        else None,
        valence=float(values[0]) / 3.0,
        has_audio=video in sounds,
        raters=RATERS,
        style="natural",
        partition=parts.get(video),
        extra=tuple((name, float(x)) for name, x in zip(COLUMNS, values, strict=True)),
        start_s=float(span[0]),
        end_s=float(span[1]),
    )


def read_folds(path: Path) -> dict[str, str]:
    """Return the part of each video from the makers' Python file, whose lists are read and not run.

    Raises:
        CorpusInvalid: Not Python, or one of the three lists is not there.
    """
    try:
        tree = ast.parse(read_text(path))
        lists = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in FOLDS
        }
    except (SyntaxError, ValueError) as error:
        raise CorpusInvalid(f"{path}: not the three lists of videos ({error})", AGAIN) from error
    if missing := sorted(set(FOLDS) - set(lists)):
        raise CorpusInvalid(f"{path}: no list {', '.join(missing)}", AGAIN)
    return {str(video): FOLDS[name] for name, videos in lists.items() for video in videos}
