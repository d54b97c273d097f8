"""EM2LDL: distributions over 32 emotions, speech that switches between languages, 231 speakers (Li et al. 2025).

Official layout: `labels/labels_distributions_Info.csv` and `models/train_val_test/{train,val,test}_ids.csv`; a sound
file begins with the clip's four digits (`0001_intj_ce.WAV`) and may lie in any folder. The 32 shares are of
20 raters' mentions. The style is the pair of languages. The makers' division mixes speakers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.progress import note
from train.corpora.files import in_order, is_sound, once
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, Slice, reader
from train.corpora.tables import AGAIN, Row, first_file, meaning, number, read_rows

# Their spelling.
EMOTIONS = (
    *("ecstacy", "joy", "serenity", "love", "admiration", "trust", "acceptance", "submission"),
    *("terror", "fear", "apprehension", "awe", "amazement", "surprise", "distraction", "disapproval"),
    *("grief", "sadness", "pensiveness", "remorse", "loathing", "disgust", "boredom", "contempt"),
    *("rage", "anger", "annoyance", "aggresiveness", "vigilance", "anticipation", "interest", "optimism"),
)
LANGUAGES = {"ce": "Cantonese and English", "me": "Mandarin and English", "mc": "Mandarin and Cantonese"}
GENDERS = {"female": "female", "male": "male"}
PARTS = {"train": "train", "val": "validation", "test": "test"}
RATERS = 20
SUM_ERROR = 1e-6
TABLE = "labels_distributions_Info.csv"

_NUMBER = re.compile(r"(\d{4})_.*")


def _language(pair: str) -> Callable[[Corpus], Corpus]:
    def apply(corpus: Corpus) -> Corpus:
        return replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.style == pair))

    return apply


@reader(
    "em2ldl",
    task="emotion",
    summary="EM2LDL, distributions over 32 natural emotions, English, Mandarin, Cantonese (signed agreement)",
    every_class=False,
    folders=("em2ldl", "EM2LDL"),
    slices={pair: Slice(_language(pair), f"{words} only") for pair, words in LANGUAGES.items()},
    published=Published(
        3998,
        231,
        "github.com/xingfengli/EM2LDL",
        {f"labels/{TABLE}": "801b1fd0cfd09699069480d6aaefcd623dec488c4d926b9ee1872ffac580d400"},
    ),
)
def load(root: Path) -> Corpus:
    """Read EM2LDL from `root`.

    Raises:
        CorpusMissing: No table of distributions.
        CorpusInvalid: A damaged row, shares that do not sum to 1, or a recording that is there twice.
    """
    table = first_file(root, (f"labels/{TABLE}", TABLE), "the distributions")
    parts = _parts(root)
    sounds: dict[str, Path] = {}
    for path in sorted(root.rglob("*")):
        if is_sound(path) and (match := _NUMBER.fullmatch(path.stem)):
            sounds[match[1]] = once(sounds, match[1], path)
    columns = ("AudioID", *EMOTIONS, "speaker ID", "gender", "lang")
    clips = [_clip(root, where, row, sounds, parts) for where, row in read_rows(table, *columns)]
    return Corpus(
        name="em2ldl",
        root=root,
        labels=EMOTIONS,
        clips=in_order(clips),
        licence="signed agreement (LA.pdf of its repository)",
        attribution="X. Li, X. Shi, J. Li, Y. Li, M. Unoki, T. Toda, M. Akagi, EM2LDL: A Multilingual Speech Corpus "
        "for Mixed Emotion Recognition through Label Distribution Learning, arXiv:2511.20106",
        commercial=False,
        sidecars=(table,),
    )


def _parts(root: Path) -> dict[str, str]:
    """Return the part of each clip by its four digits; empty where the lists are not there."""
    found: dict[str, str] = {}
    for name, part in PARTS.items():
        path = root / "models/train_val_test" / f"{name}_ids.csv"
        if not path.is_file():
            note(f"em2ldl: no {path.relative_to(root)}: the makers' division is not known")
            return {}
        found |= {row["audio_id"].strip().zfill(4): part for _, row in read_rows(path, "audio_id")}
    return found


def _clip(root: Path, where: str, row: Row, sounds: dict[str, Path], parts: dict[str, str]) -> Clip:
    """Return the clip of a row."""
    digits = row["AudioID"].strip().zfill(4)
    shares = [number(where, emotion, row[emotion], 0.0, 1.0) for emotion in EMOTIONS]
    total = sum(shares)
    if abs(total - 1.0) > SUM_ERROR:
        raise CorpusInvalid(f"{where}: the 32 shares sum to {total:.6f}", AGAIN)
    best = max(shares)
    strongest = [emotion for emotion, share in zip(EMOTIONS, shares, strict=True) if share == best]
    return Clip(
        path=sounds.get(digits, root / f"{digits}.wav"),
        corpus="em2ldl",
        speaker=f"em2ldl/{row['speaker ID'].strip()}",
        label=strongest[0] if len(strongest) == 1 else None,
        votes=tuple((emotion, share / total) for emotion, share in zip(EMOTIONS, shares, strict=True)),
        gender=meaning(where, "gender", row["gender"].strip(), GENDERS),
        has_audio=digits in sounds,
        raters=RATERS,
        style=row["lang"].strip() if meaning(where, "language", row["lang"].strip(), LANGUAGES) else None,
        partition=parts.get(digits),
    )
