"""CREMA-D: 6 acted emotions with 4 to 12 listeners' votes for each clip (Cao et al. 2014).

Names are `AAAA_SSS_EEE_LL`: actor, sentence, intended emotion, level. The label is the intended emotion, the
votes are what listeners heard: rows of `tabulatedVotes.csv` whose id begins with 1 (voice alone; 2 is the face
alone, 3 both, and the clip's name is in all three). Audio is used where it is, in `AudioWAV/`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.base.progress import note
from train.corpora.record import Clip, Corpus
from train.corpora.registry import decode, in_order, misnamed, reader

EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
VOTE_COLUMNS = {"A": "angry", "D": "disgust", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad"}
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
VOICE_ONLY = "1"
WITHOUT_SOUND = frozenset({"1076_MTI_SAD_XX"})  # the published file is silent

_NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{2})")


@reader(
    "crema_d",
    task="emotion",
    summary="CREMA-D, 6 acted emotions with listeners' votes, English, 91 actors",
    folders=("crema_d", "crema_d_votes"),
)
def load(root: Path) -> Corpus:
    """Read CREMA-D from `root`. Clips without a sound file are listed with `has_audio=False`.

    Raises:
        CorpusMissing: No table of votes.
        CorpusInvalid: A damaged table, or a clip name with an unknown code.
    """
    votes, people = _find(root, "tabulatedVotes.csv"), _find(root, "VideoDemographics.csv")
    genders = {row["ActorID"]: row["Sex"].lower() for row in _rows(people, "ActorID", "Sex")}
    sounds = {
        path.stem: path for path in sorted((root / "AudioWAV").glob("*")) if path.suffix in (".wav", ".flac")
    }
    clips = [
        _clip(root, row, sounds, genders)
        for row in _rows(votes, "", "fileName", *VOTE_COLUMNS)
        if row[""].startswith(VOICE_ONLY)
    ]
    silent = sum(not clip.has_audio for clip in clips)
    if silent:
        note(f"crema_d: {silent} of {len(clips)} clips have votes but no sound file in {root / 'AudioWAV'}")
    return Corpus(
        name="crema_d",
        root=root,
        labels=tuple(EMOTIONS.values()),
        clips=in_order(clips),
        licence="ODbL 1.0 (contents: DbCL 1.0)",
        attribution="H. Cao, D. G. Cooper, M. K. Keutmann, R. C. Gur, A. Nenkova, R. Verma, CREMA-D: Crowd-sourced "
        "Emotional Multimodal Actors Dataset, IEEE Trans. Affective Computing 5(4), 2014",
        commercial=True,
        sidecars=(votes, people),
    )


def _clip(root: Path, row: dict[str, str], sounds: dict[str, Path], genders: dict[str, str]) -> Clip:
    """Return the clip of one row of votes."""
    name = row["fileName"]
    place = sounds.get(name, root / "AudioWAV" / f"{name}.wav")
    match = _NAME.fullmatch(name)
    if match is None:
        raise misnamed(place, "AAAA_SSS_EEE_LL, for instance 1001_IEO_ANG_HI")
    actor, sentence, emotion, _ = match.groups()
    counts = {label: int(row[column]) for column, label in VOTE_COLUMNS.items()}
    raters = sum(counts.values())
    if raters == 0:
        raise CorpusInvalid(f"{name}: a row without votes", "fetch tabulatedVotes.csv again")
    return Clip(
        path=place,
        corpus="crema_d",
        speaker=f"crema_d/{actor}",
        label=decode(place, "emotion", emotion, EMOTIONS),
        votes=tuple((label, count / raters) for label, count in counts.items()),
        transcript=decode(place, "sentence", sentence, SENTENCES),
        gender=genders.get(actor),
        has_audio=name in sounds and name not in WITHOUT_SOUND,
    )


def _find(root: Path, name: str) -> Path:
    """Return a table, from the folder itself or the official `processedResults/`."""
    for path in (root / name, root / "processedResults" / name):
        if path.is_file():
            return path
    raise CorpusMissing(f"{root}: no {name}", "point at the folder of the CREMA-D repository")


def _rows(path: Path, *columns: str) -> Iterator[dict[str, str]]:
    """Yield a table's rows after checking that it has the columns."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        table = csv.DictReader(stream)
        missing = [column for column in columns if column not in (table.fieldnames or [])]
        if missing:
            raise CorpusInvalid(f"{path}: no column {', '.join(missing)}", "fetch the file again")
        yield from table
