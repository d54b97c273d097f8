"""MSP-IMPROV: 4 emotions played by 12 actors in six dyads, with raters' votes (Busso et al. 2017).

Official layout: `Evaluation.txt` (spelled `Evalution.txt` in some releases) and
`session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav`: target sentence and intended emotion, speaker, kind of recording.
The four kinds: S the target sentence within an improvised scene, T the rest of those scenes, R the sentence read
out, P natural talk between recordings. Attributes are 1 to 5 there and -1 to 1 here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.progress import note
from train.corpora.ballots import shares_of
from train.corpora.files import in_order, misnamed, sounds_by_stem
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, Slice, reader
from train.corpora.tables import AGAIN, first_file, meaning, optional_number, read_text, to_unit

CODES = {"A": "angry", "H": "happy", "S": "sad", "N": "neutral", "O": "other"}
NO_AGREEMENT = "X"
WORDS = {"Angry": "angry", "Happy": "happy", "Sad": "sad", "Neutral": "neutral", "Other": "other"}
STYLES = {"S": "improvised", "T": "improvised", "R": "scripted", "P": "natural"}

_NAME = re.compile(r"MSP-IMPROV-(S\d\d)([A-Z])-([FM])(\d\d)-([PRST])-([A-Z]{2}\d\d)")
_NUMBERS = r"A:(\S+); V:(\S+); D:(\S+) ?; N:(\S+);"
_HEADER = re.compile(rf"UTD-IMPROV-(\S+)\.avi; ([A-Z]); {_NUMBERS}")
_RATER = re.compile(rf"([^;]+); ([A-Za-z]+); ?([^;]*); ?{_NUMBERS}")


@dataclass(frozen=True)
class Entry:
    """What the evaluation file says of one clip: code, numbers (A, V, D, N as written), ballots by rater."""

    where: str
    name: str
    code: str
    numbers: tuple[str, str, str, str]
    ballots: tuple[tuple[str, ...], ...]


def read_evaluation(path: Path) -> list[Entry]:
    """Return the clips of an evaluation file.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: A line of another form, a rater before any clip, or an unknown emotion.
    """
    found: list[Entry] = []
    seen: set[str] = set()
    for number, line in enumerate(read_text(path).splitlines(), 1):
        where, text = f"{path}:{number}", line.strip()
        if not text:
            continue
        if match := _HEADER.fullmatch(text):
            found.append(
                Entry(where, f"MSP-IMPROV-{match[1]}", match[2], (match[3], match[4], match[5], match[6]), ())
            )
            seen = set()
        elif (match := _RATER.fullmatch(text)) and found:
            if text not in seen:  # some raters' lines are there twice
                seen.add(text)
                vote = meaning(where, "emotion", match[2], WORDS)
                found[-1] = replace(found[-1], ballots=(*found[-1].ballots, (vote,)))
        else:
            raise CorpusInvalid(f"{where}: neither a clip nor a rater's line", AGAIN)
    return found


def _only(style: str) -> Callable[[Corpus], Corpus]:
    def apply(corpus: Corpus) -> Corpus:
        return replace(corpus, clips=tuple(clip for clip in corpus.clips if clip.style == style))

    return apply


@reader(
    "msp_improv",
    task="emotion",
    summary="MSP-IMPROV, 4 improvised emotions with votes, English, 12 actors (licence by request)",
    every_class=False,
    folders=("msp_improv", "MSP-IMPROV"),
    classes="four",
    slices={
        "improvised": Slice(_only("improvised"), "improvised scenes only"),
        "scripted": Slice(_only("scripted"), "target sentences read out"),
        "natural": Slice(_only("natural"), "talk between recordings"),
    },
    published=Published(8438, 12, "C. Busso et al., IEEE Trans. Affective Computing 8(1), 2017"),
)
def load(root: Path) -> Corpus:
    """Read MSP-IMPROV from `root`.

    Raises:
        CorpusMissing: No evaluation file.
        CorpusInvalid: A damaged line, a name of another scheme, or a recording in another session's folder.
    """
    table = first_file(root, ("Evaluation.txt", "Evalution.txt"), "the raters' answers")
    sounds = sounds_by_stem([root], "session*/*/*/*")
    clips = [_clip(root, entry, sounds) for entry in read_evaluation(table)]
    if unlisted := len(set(sounds) - {clip.path.stem for clip in clips}):
        note(f"msp_improv: {unlisted} sound files are not in {table.name}: left out")
    return Corpus(
        name="msp_improv",
        root=root,
        labels=tuple(CODES.values()),
        clips=in_order(clips),
        licence="licence by request (UT Dallas)",
        attribution="C. Busso, S. Parthasarathy, A. Burmania, M. AbdelWahab, N. Sadoughi, E. Mower Provost, "
        "MSP-IMPROV: An Acted Corpus of Dyadic Interactions to Study Emotion Perception, IEEE TAC 8(1), 2017",
        commercial=False,
        sidecars=(table,),
    )


def _clip(root: Path, entry: Entry, sounds: dict[str, Path]) -> Clip:
    """Return the clip of an entry."""
    match = _NAME.fullmatch(entry.name)
    if match is None:
        raise misnamed(Path(entry.name), "MSP-IMPROV-S01A-F01-P-FM01")
    sentence, intended, gender, dyad, kind, _ = match.groups()
    session = f"session{int(dyad)}"
    place = root / session / f"{sentence}{intended}" / kind / f"{entry.name}.wav"
    path = sounds.get(entry.name, place)
    if path.relative_to(root).parts[0] != session:
        raise CorpusInvalid(f"{path}: a recording of {session}", "put the file where it came from")
    activation, valence, dominance, natural = (
        optional_number(entry.where, name, text, 1.0, 5.0)
        for name, text in zip(
            ("activation", "valence", "dominance", "naturalness"), entry.numbers, strict=True
        )
    )
    return Clip(
        path=path,
        corpus="msp_improv",
        speaker=f"msp_improv/{gender}{dyad}",
        label=None if entry.code == NO_AGREEMENT else meaning(entry.where, "class", entry.code, CODES),
        votes=shares_of(entry.ballots, tuple(CODES.values())),
        valence=to_unit(valence, 1.0, 5.0),
        arousal=to_unit(activation, 1.0, 5.0),
        dominance=to_unit(dominance, 1.0, 5.0),
        gender="female" if gender == "F" else "male",
        has_audio=entry.name in sounds,
        raters=len(entry.ballots) or None,
        session=session,
        script=sentence if kind in "RS" else None,
        style=STYLES[kind],
        extra=() if natural is None else (("naturalness", natural),),
    )
