"""What is said: a user's own transcripts for any corpus, words out of text, and words counted by emotion.

Transcripts are read in four forms: `NAME.txt` or `NAME.lab` (one file for each recording), LibriSpeech's
`*.trans.txt` (`NAME WORDS` lines), and a table with columns `file` and `text` (CSV, or TSV by its ending).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.base.progress import note
from train.corpora.record import Corpus
from train.corpora.tables import AGAIN, number, read_rows, read_text

APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc`\u00b4", "'"))

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_COUNTS = re.compile(r"#\s*utterances per emotion:\s*(.+)")


def words_in(text: str) -> list[str]:
    """Return the words of an English text in lower case: letters a to z with single apostrophes inside.

    Curly quotes and backticks count as apostrophes; those at a word's edges fall away; all else separates.
    """
    return _WORD.findall(text.lower().translate(APOSTROPHES))


def read_transcripts(place: Path) -> dict[str, str]:
    """Return transcripts by the recording's name without ending.

    Args:
        place: A table with columns `file` and `text`, or a folder with `.txt`, `.lab` or `.trans.txt` files.

    Raises:
        CorpusMissing: Nothing there.
        CorpusInvalid: A damaged table or line, or two transcripts of one recording.
    """
    found: dict[str, str] = {}
    if place.is_dir():
        files = sorted(path for path in place.rglob("*") if path.suffix in (".txt", ".lab"))
        pairs = (pair for path in files for pair in _of_file(path))
    else:
        delimiter = "\t" if place.suffix == ".tsv" else ","
        rows = read_rows(place, "file", "text", delimiter=delimiter)
        pairs = ((Path(row["file"]).stem, row["text"].strip()) for _, row in rows)
    for name, text in pairs:
        if found.setdefault(name, text) != text:
            raise CorpusInvalid(f"{place}: two different transcripts of {name}", "remove one of the two")
    if not found:
        raise CorpusMissing(
            f"{place}: no transcripts", "give a table, or a folder with .txt, .lab or .trans.txt files"
        )
    return found


def _of_file(path: Path) -> list[tuple[str, str]]:
    """Return the transcripts in one text file."""
    text = read_text(path)
    if not path.name.endswith(".trans.txt"):
        return [(path.stem, " ".join(text.split()))]
    pairs = []
    for line, written in enumerate(text.splitlines(), 1):
        name, _, words = written.strip().partition(" ")
        if name and not words:
            raise CorpusInvalid(f"{path}:{line}: a name without words", AGAIN)
        if name:
            pairs.append((name, words.strip()))
    return pairs


def with_transcripts(corpus: Corpus, texts: Mapping[str, str]) -> Corpus:
    """Return a corpus with the transcripts of those recordings that have one; says how many do.

    Raises:
        CorpusInvalid: None has.
    """
    clips = tuple(
        replace(clip, transcript=texts.get(clip.path.stem, clip.transcript)) for clip in corpus.clips
    )
    known = sum(clip.path.stem in texts for clip in corpus.clips)
    if known == 0:
        raise CorpusInvalid(
            f"none of {len(texts)} transcripts is of a clip of {corpus.name}",
            f"names are those of the recordings, for instance {corpus.clips[0].path.stem}",
        )
    note(f"transcripts for {known} of {len(clips)} clips of {corpus.name}")
    return replace(corpus, clips=clips)


@dataclass(frozen=True)
class WordCounts:
    """In how many utterances of each emotion a word occurs.

    Attributes:
        utterances: Utterances by emotion; its order is the order of `words`.
        words: For each word, utterances of each emotion that contain it once or more.
    """

    utterances: dict[str, int]
    words: dict[str, tuple[int, ...]]

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions in their order."""
        return tuple(self.utterances)

    def at_least(self, utterances: int) -> WordCounts:
        """Return the words in at least so many utterances, most frequent first, ties by alphabet."""
        kept = [(word, row) for word, row in self.words.items() if sum(row) >= utterances]
        return WordCounts(self.utterances, dict(sorted(kept, key=lambda pair: (-sum(pair[1]), pair[0]))))


def count_words(utterances: Iterable[tuple[str, str]], emotions: tuple[str, ...]) -> WordCounts:
    """Count in how many utterances of each emotion each word occurs.

    Args:
        utterances: Text and emotion.
        emotions: Those that count, in order; utterances of others are left out.
    """
    totals: Counter[str] = Counter()
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, emotion in utterances:
        if emotion in emotions:
            totals[emotion] += 1
            for word in set(words_in(text)):
                found[word][emotion] += 1
    words = {word: tuple(counts[emotion] for emotion in emotions) for word, counts in sorted(found.items())}
    return WordCounts({emotion: totals[emotion] for emotion in emotions}, words)


def counts_of(corpus: Corpus) -> WordCounts:
    """Count the words of a corpus's transcripts by its labels.

    Raises:
        CorpusInvalid: No labelled clip has a transcript.
    """
    pairs = [(clip.transcript, clip.label) for clip in corpus.clips if clip.transcript and clip.label]
    if not pairs:
        raise CorpusInvalid(f"corpus {corpus.name} has no transcripts", "give them: see with_transcripts")
    return count_words(pairs, corpus.labels)


def read_word_counts(path: Path) -> WordCounts:
    """Read a table of words by emotion, its first line a comment with the utterances of each emotion.

    Raises:
        CorpusMissing: No such file.
        CorpusInvalid: No such comment, a damaged row, or a word in more utterances than there are.
    """
    first, _, rest = read_text(path).partition("\n")
    match = _COUNTS.fullmatch(first.strip())
    if match is None:
        raise CorpusInvalid(f"{path}:1: no comment with the utterances of each emotion", AGAIN)
    totals = {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", match[1]) if name != "total"}
    words: dict[str, tuple[int, ...]] = {}
    for line, row in enumerate(csv.DictReader(io.StringIO(rest)), 3):
        where = f"{path}:{line}"
        if None in row.values() or None in row or not set(totals) <= set(row):
            raise CorpusInvalid(f"{where}: not a word and {len(totals)} counts", AGAIN)
        counts = (number(where, name, row[name], 0, total) for name, total in totals.items())
        words[row["word"]] = tuple(int(count) for count in counts)
    return WordCounts(totals, words)
