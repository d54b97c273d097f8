"""CREMA-D: 6 acted emotions with 4 to 12 listeners' votes for each clip (Cao et al. 2014).

Names are `AAAA_SSS_EEE_LL`: actor, sentence, intended emotion, level. The label is the intended emotion, the
votes are what listeners heard: rows of `tabulatedVotes.csv` whose id begins with 1 (voice alone; 2 is the face
alone, 3 both, and the clip's name is in all three). Audio is used where it is, in `AudioWAV/`; three clips were
published as MP3 alone and are taken from `AudioMP3/`.
"""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid
from firmware_bridge.base.progress import note
from train.corpora.files import decode, in_order, misnamed, sounds_by_stem
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, reader
from train.corpora.tables import Row, first_file, number, read_rows

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
    published=Published(
        7442,
        91,
        "github.com/CheyneyComputerScience/CREMA-D, commit 1658cd34",
        {
            "tabulatedVotes.csv": "774d9d759cb5caf2542758a39eca8c0f1d2777f9987ff5d5adf8066d192f377b",
            "VideoDemographics.csv": "e33ddc8b60bedf98541735801127cbb67098b5957271adbdd5dea8a44294eec3",
            "SentenceFilenames.csv": "d88cb50e84bbc30b2e159cdfc25e1cf87777ad97c7c41d6ab8f75d3383b8f740",
            "summaryTable.csv": "fb0e382700d32c0d9adc0c6815292215a36bcf912f2657048862c91e3bd2b317",
        },
        WITHOUT_SOUND,
    ),
)
def load(root: Path) -> Corpus:
    """Read CREMA-D from `root`. Clips without a sound file are listed with `has_audio=False`.

    Raises:
        CorpusMissing: No table of votes.
        CorpusInvalid: A damaged table, or a clip name with an unknown code.
    """
    votes, people = _find(root, "tabulatedVotes.csv"), _find(root, "VideoDemographics.csv")
    genders = {row["ActorID"]: row["Sex"].lower() for _, row in read_rows(people, "ActorID", "Sex")}
    sounds = sounds_by_stem([root / "AudioWAV", root / "AudioMP3"])
    clips = [
        _clip(root, where, row, sounds, genders)
        for where, row in read_rows(votes, "", "fileName", *VOTE_COLUMNS)
        if row[""].startswith(VOICE_ONLY)
    ]
    silent = sum(not clip.has_audio for clip in clips)
    if silent:
        note(f"crema_d: {silent} of {len(clips)} clips have votes but no sound file in {root / 'AudioWAV'}")
    if unlisted := len(set(sounds) - {clip.path.stem for clip in clips}):
        note(f"crema_d: {unlisted} sound files have no votes: left out")
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


def _clip(root: Path, where: str, row: Row, sounds: dict[str, Path], genders: dict[str, str]) -> Clip:
    """Return the clip of one row of votes."""
    name = row["fileName"]
    place = sounds.get(name, root / "AudioWAV" / f"{name}.wav")
    match = _NAME.fullmatch(name)
    if match is None:
        raise misnamed(place, "AAAA_SSS_EEE_LL, for instance 1001_IEO_ANG_HI")
    actor, sentence, emotion, _ = match.groups()
    counts = {
        label: int(number(where, f"votes {column}", row[column], 0, 1000))
        for column, label in VOTE_COLUMNS.items()
    }
    raters = sum(counts.values())
    if raters == 0:
        raise CorpusInvalid(f"{where}: {name}: a row without votes", "fetch tabulatedVotes.csv again")
    return Clip(
        path=place,
        corpus="crema_d",
        speaker=f"crema_d/{actor}",
        label=decode(place, "emotion", emotion, EMOTIONS),
        votes=tuple((label, count / raters) for label, count in counts.items()),
        transcript=decode(place, "sentence", sentence, SENTENCES),
        gender=genders.get(actor),
        has_audio=name in sounds and name not in WITHOUT_SOUND,
        raters=raters,
        script=sentence,
        style="scripted",
    )


def _find(root: Path, name: str) -> Path:
    """Return a table, from the folder itself or the official `processedResults/`."""
    return first_file(root, (name, f"processedResults/{name}"), "of the CREMA-D repository")
