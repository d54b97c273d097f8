"""IEMOCAP: natural and acted emotions of ten actors in five dyadic sessions, with raters' votes (Busso et al. 2008).

Official layout: `SessionN/dialog/EmoEvaluation/*.txt` (labels), `SessionN/dialog/transcriptions/*.txt` (words),
`SessionN/sentences/wav/DIALOGUE/TURN.wav`, `SessionN/dialog/wav/DIALOGUE.wav` (both speakers, for the fifth class).
`Ses01F_impro05_F019`: session, who wore the markers (not who speaks), scene, **speaker**, number. A scene that two
sessions play has the same script; scripted scenes share every word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.base.progress import note
from train.corpora.ballots import shares_of
from train.corpora.files import in_order, misnamed, sounds_by_stem
from train.corpora.iemocap_fifth import NO_EMOTION, with_no_emotion
from train.corpora.iemocap_labels import CODES, Turn, read_transcript, read_turns
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published, Slice, reader
from train.corpora.tables import to_unit

STYLES = {"impro": "improvised", "script": "scripted"}

_NAME = re.compile(r"Ses0(\d)[FM]_(impro|script)(\d\d(?:_\d)?)\w*?_([FM])\w+")


def _only(style: str) -> Callable[[Corpus], Corpus]:
    """Return the slice of one style; what is no speech of a scene stays."""

    def apply(corpus: Corpus) -> Corpus:
        kept = [clip for clip in corpus.clips if clip.style == style or clip.label == NO_EMOTION]
        return replace(corpus, clips=tuple(kept))

    return apply


@reader(
    "iemocap",
    task="emotion",
    summary="IEMOCAP, 9 emotions with votes, English, 10 actors in 5 sessions (licence by request)",
    every_class=False,
    folders=("iemocap", "IEMOCAP", "IEMOCAP_full_release"),
    classes="four",
    slices={
        "improvised": Slice(_only("improvised"), "improvised scenes"),
        "scripted": Slice(_only("scripted"), "scripted scenes, whose lines all sessions share"),
        "five": Slice(with_no_emotion, "four classes and 'none' of Mitsis et al. 2025", sets_classes=True),
    },
    published=Published(10_039, 10, "C. Busso et al., Language Resources and Evaluation 42, 2008"),
)
def load(root: Path) -> Corpus:
    """Read IEMOCAP from `root`.

    Raises:
        CorpusMissing: No sessions, or one without labels.
        CorpusInvalid: A damaged label file, a turn of another session, or a turn that is labelled twice.
    """
    sessions = sorted(path for path in root.glob("Session*") if path.is_dir())
    if not sessions:
        raise CorpusMissing(
            f"{root}: no folder Session1", "point at the folder that holds Session1 to Session5"
        )
    clips: list[Clip] = []
    sidecars: list[Path] = []
    for session in sessions:
        tables = sorted((session / "dialog" / "EmoEvaluation").glob("Ses*.txt"))
        if not tables:
            raise CorpusMissing(f"{session}: no dialog/EmoEvaluation/Ses*.txt", "complete the download")
        sounds = sounds_by_stem([session / "sentences" / "wav"], "*/*")
        for table in tables:
            clips += _dialogue(session, table, sounds)
        sidecars += tables
    _require_once(clips)
    return Corpus(
        name="iemocap",
        root=root,
        labels=tuple(CODES.values()),
        clips=in_order(clips),
        licence="licence by request (USC, research)",
        attribution="C. Busso, M. Bulut, C.-C. Lee, A. Kazemzadeh, E. Mower, S. Kim, J. N. Chang, S. Lee, "
        "S. S. Narayanan, IEMOCAP: Interactive emotional dyadic motion capture database, LRE 42, 2008",
        commercial=False,
        sidecars=tuple(sidecars),
    )


def _dialogue(session: Path, table: Path, sounds: dict[str, Path]) -> list[Clip]:
    """Return the clips of one dialogue."""
    words = session / "dialog" / "transcriptions" / table.name
    transcript = read_transcript(words) if words.is_file() else {}
    if not transcript:
        note(f"iemocap: no words for {table.stem} ({words})")
    return [_clip(session, table.stem, turn, sounds, transcript) for turn in read_turns(table)]


def _clip(
    session: Path, dialogue: str, turn: Turn, sounds: dict[str, Path], transcript: dict[str, str]
) -> Clip:
    """Return the clip of a turn."""
    match = _NAME.fullmatch(turn.name)
    if match is None:
        raise misnamed(Path(turn.name), "Ses01F_impro05_F019")
    number, kind, scene, letter = match.groups()
    if session.name != f"Session{number}" or not turn.name.startswith(dialogue):
        raise CorpusInvalid(
            f"{turn.where}: {turn.name} is not of this session and dialogue", "restore the file"
        )
    valence, activation, dominance = (to_unit(value, 1.0, 5.0) for value in turn.attributes)
    return Clip(
        path=sounds.get(turn.name, session / "sentences" / "wav" / dialogue / f"{turn.name}.wav"),
        corpus="iemocap",
        speaker=f"iemocap/Ses0{number}{letter}",
        label=turn.label,
        votes=shares_of(turn.ballots, tuple(CODES.values())),
        valence=valence,
        arousal=activation,
        dominance=dominance,
        transcript=transcript.get(turn.name),
        gender="female" if letter == "F" else "male",
        has_audio=turn.name in sounds,
        raters=len(turn.ballots) or None,
        session=session.name,
        script=f"{kind}{scene}",
        style=STYLES[kind],
        extra=(("begins_s", turn.start_s), ("ends_s", turn.end_s)),
    )


def _require_once(clips: list[Clip]) -> None:
    """Raise CorpusInvalid where a turn is labelled twice."""
    seen: set[str] = set()
    for clip in clips:
        if clip.path.stem in seen:
            raise CorpusInvalid(f"{clip.path.stem} is labelled twice", "restore the label files")
        seen.add(clip.path.stem)
