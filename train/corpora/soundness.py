"""Whether a corpus is whole: counts and hashes against what was published, every recording read, copies found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from firmware_bridge.base.errors import AudioUnreadable
from firmware_bridge.base.files import sha256_file
from firmware_bridge.base.progress import track
from firmware_bridge.sound.audio import SAMPLE_RATE_HZ
from train.corpora.reading import ClipReader
from train.corpora.record import Clip, Corpus
from train.corpora.registry import Published
from train.evaluation.duplicates import Prints, find_duplicates, sound_print

Level = Literal["damage", "warning", "fact"]
# Above so many clips copies are not looked for: the comparison grows with the square.
MOST_COMPARED = 20_000
LISTED = 5
LFS_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: `damage` fails the check, `warning` is to be known, `fact` is good or neutral.
        what: In one line.
        remedy: What to do about it, or nothing.
    """

    level: Level
    what: str
    remedy: str = ""


@dataclass(frozen=True, eq=False)
class Heard:
    """What reading all recordings gave.

    Attributes:
        seconds: Length of each readable clip.
        findings: Broken, silent, converted and copied ones.
    """

    seconds: tuple[float, ...]
    findings: tuple[Finding, ...]


def completeness(corpus: Corpus, published: Published | None) -> list[Finding]:
    """Compare a whole corpus with what its makers say it holds."""
    if published is None:
        return [Finding("fact", "nothing published to compare the counts with")]
    found = []
    speakers = len(corpus.speakers)
    if published.clips is not None:
        if len(corpus.clips) == published.clips:
            found.append(Finding("fact", f"all {published.clips} published clips are there"))
        elif len(corpus.clips) < published.clips:
            what = f"{len(corpus.clips)} of {published.clips} published clips ({published.source})"
            found.append(Finding("warning", what, "complete the download, or know that this is a part"))
        else:
            what = f"{len(corpus.clips)} clips, but {published.clips} were published ({published.source})"
            found.append(Finding("damage", what, "remove what does not belong to the corpus"))
    if published.speakers is not None and speakers != published.speakers:
        level: Level = "warning" if speakers < published.speakers else "damage"
        found.append(Finding(level, f"{speakers} of {published.speakers} published speakers"))
    return found + _hashes(corpus, published)


def _hashes(corpus: Corpus, published: Published) -> list[Finding]:
    """Compare the files whose SHA-256 is known."""
    found, same = [], 0
    for place, wanted in published.sha256.items():
        # A table may lie in the root or where the makers' repository has it.
        places = (corpus.root / place, *corpus.sidecars)
        path = next((path for path in places if path.name == Path(place).name and path.is_file()), None)
        if path is None:
            continue
        if sha256_file(path) == wanted:
            same += 1
        else:
            remedy = "known to be a part, or edited: fetch it again to be sure"
            found.append(
                Finding("warning", f"{path.name} is not the published file (SHA-256 differs)", remedy)
            )
    if same:
        found.append(Finding("fact", f"files with the published SHA-256: {same}"))
    return found


def presence(corpus: Corpus, published: Published | None) -> list[Finding]:
    """Say which labelled clips have no sound."""
    absent = [clip for clip in corpus.clips if not clip.has_audio]
    if not absent:
        return []
    if len(absent) == len(corpus.clips):
        return [Finding("fact", "labels only: no sound is there")]
    silent = published.silent if published else frozenset()
    known = [clip for clip in absent if clip.path.stem in silent]
    found = []
    if known:
        found.append(Finding("fact", f"published without sound: {_listed(known)}"))
    if lost := [clip for clip in absent if clip not in known]:
        remedy = "complete the download; these clips are left out until then"
        found.append(
            Finding("damage", f"{len(lost)} labelled clips have no sound file: {_listed(lost)}", remedy)
        )
    return found


def hear(clips: Sequence[Clip], name: str) -> Heard:
    """Read every clip once; broken and silent ones are findings, not errors.

    Args:
        clips: Clips with sound.
        name: Of the corpus, for the progress bar.
    """
    sounds = ClipReader()
    found: list[Finding] = []
    seconds: list[float] = []
    kept: list[int] = []
    marks: list[npt.NDArray[np.float32]] = []
    converted: Counter[str] = Counter()
    compare = len(clips) <= MOST_COMPARED
    for place, clip in enumerate(track(clips, f"hearing {name}")):
        try:
            audio = sounds.read(clip)
        except AudioUnreadable as error:
            found.append(_broken(clip, error))
            continue
        seconds.append(len(audio.pcm) / SAMPLE_RATE_HZ)
        converted.update("loud samples clipped" if text.endswith("clipped") else text for text in audio.notes)
        if not audio.pcm.any():
            found.append(Finding("damage", f"{clip.name}: nothing but silence", "fetch or record it again"))
        elif compare and clip.origin == "real":  # one synthesiser's voices are too alike to be told apart
            kept.append(place)
            marks.append(sound_print(audio.pcm))
    for text, files in sorted(converted.items()):
        found.append(Finding("fact", f"converted {text}: {files} of {len(clips)} clips"))
    if compare and marks:
        found += _copies([clips[place] for place in kept], np.stack(marks))
    elif not compare:
        found.append(Finding("warning", f"copies were not looked for (more than {MOST_COMPARED:,} clips)"))
    return Heard(tuple(seconds), tuple(found))


def _broken(clip: Clip, error: AudioUnreadable) -> Finding:
    """Return the finding for a file that cannot be read."""
    if clip.path.is_file() and clip.path.read_bytes()[: len(LFS_POINTER)] == LFS_POINTER:
        return Finding(
            "damage", f"{clip.path}: a Git LFS pointer, not sound", "run `git lfs pull` in the repository"
        )
    return Finding("damage", error.what, error.remedy)


def _copies(clips: Sequence[Clip], marks: npt.NDArray[np.float32]) -> list[Finding]:
    """Return pairs of clips that are the same recording."""
    names = tuple(str(place) for place in range(len(clips)))
    prints = Prints(names, marks)
    pairs = [(int(p.heard), int(p.held_out)) for p in find_duplicates(prints, prints)]
    found = []
    for one, other in (pair for pair in pairs if pair[0] < pair[1]):
        a, b = clips[one], clips[other]
        if a.path == b.path and a.start_s is not None:
            continue  # neighbouring stretches of one recording may be alike; they are no copies
        if a.speaker == b.speaker:
            found.append(Finding("warning", f"{a.speaker}: {a.name} and {b.name} are the same recording"))
        else:
            what = f"{a.name} ({a.speaker}) and {b.name} ({b.speaker}) are the same recording"
            found.append(
                Finding("damage", what, "one speaker goes by two names, or a clip was copied: remove it")
            )
    return found


def _listed(clips: Sequence[Clip]) -> str:
    """Return the first names of some clips."""
    rest = f" and {len(clips) - LISTED} more" if len(clips) > LISTED else ""
    return ", ".join(clip.path.name for clip in clips[:LISTED]) + rest
