"""One table of classes for all corpora: `classes.toml` says which emotion of which corpus is which class."""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, UnknownName
from firmware_bridge.base.progress import note
from train.corpora.record import Clip, Corpus

TABLE = Path(__file__).with_name("classes.toml")
# The name of a corpus's own classes, with the clips that listeners did not agree on.
ALL = "all"


@dataclass(frozen=True)
class Scheme:
    """A set of classes.

    Attributes:
        name: What the user types.
        summary: One line.
        tables: For each corpus that has a table of its own, and for `classes` (all others): class to emotions.
    """

    name: str
    summary: str
    tables: Mapping[str, Mapping[str, tuple[str, ...]]]

    def classes_of(self, corpus: str) -> dict[str, str]:
        """Return the class of each emotion that counts in a corpus, in the order of the classes."""
        table = self.tables.get(corpus, self.tables["classes"])
        return {emotion: name for name, emotions in table.items() for emotion in emotions}


@functools.cache
def schemes() -> dict[str, Scheme]:
    """Return every scheme of `classes.toml`."""
    found = {}
    for name, section in tomllib.loads(TABLE.read_text(encoding="utf-8")).items():
        tables = {
            corpus: {label: tuple(emotions) for label, emotions in table.items()}
            for corpus, table in section.items()
            if corpus != "summary"
        }
        found[name] = Scheme(name, section["summary"], tables)
    return found


def scheme_names() -> tuple[str, ...]:
    """Return the names of the schemes."""
    return tuple(schemes())


def apply_scheme(corpus: Corpus, name: str) -> Corpus:
    """Return a corpus with the classes of a scheme; clips that belong to none of them are left out and counted.

    A clip keeps its place by its label. Where a corpus has no labels of its own but distributions over more
    emotions than classes (a table of its own in the scheme, and votes), the class with the largest sum is the label.

    Args:
        corpus: With its own classes.
        name: A scheme, or `all` for the corpus as it is.

    Raises:
        UnknownName: No such scheme.
        CorpusInvalid: The corpus has at most one of its classes.
    """
    if name == ALL:
        return corpus
    if name not in schemes():
        raise UnknownName("scheme of classes", name, (ALL, *scheme_names()))
    scheme = schemes()[name]
    classes = scheme.classes_of(corpus.name)
    wanted = {classes[label] for label in corpus.labels if label in classes}
    labels = tuple(dict.fromkeys(value for value in classes.values() if value in wanted))
    if len(labels) < 2:
        raise CorpusInvalid(
            f"corpus {corpus.name} has {len(labels)} of the classes of '{name}'",
            f"its own classes: {', '.join(corpus.labels)}; take another scheme",
        )
    by_votes = corpus.name in scheme.tables
    kept = [
        clip for clip in (_mapped(clip, classes, by_votes) for clip in corpus.clips) if clip.label is not None
    ]
    _say_left_out(corpus, name, classes, by_votes, len(kept))
    return replace(corpus, labels=labels, clips=tuple(kept))


def _mapped(clip: Clip, classes: Mapping[str, str], by_votes: bool) -> Clip:
    """Return a clip with label and votes in the classes of a scheme; no label where it belongs to none."""
    sums: dict[str, float] = {}
    for emotion, share in clip.votes or ():
        if emotion in classes:
            sums[classes[emotion]] = sums.get(classes[emotion], 0.0) + share
    total = sum(sums.values())
    votes = tuple((label, share / total) for label, share in sums.items()) if total > 0 else None
    label = classes.get(clip.label) if clip.label is not None else None
    if by_votes and votes:
        best = max(share for _, share in votes)
        first = [label for label, share in votes if share == best]
        label = first[0] if len(first) == 1 else None
    return replace(clip, label=label, votes=votes)


def _say_left_out(corpus: Corpus, name: str, classes: Mapping[str, str], by_votes: bool, kept: int) -> None:
    """Tell the user which clips a scheme leaves out."""
    if kept == len(corpus.clips):
        return
    if by_votes:
        note(
            f"{corpus.name}/{name}: {len(corpus.clips) - kept} of {len(corpus.clips)} clips belong to no class"
        )
        return
    lost = Counter(clip.label or "no agreement" for clip in corpus.clips if clip.label not in classes)
    listed = ", ".join(f"{count} {label}" for label, count in sorted(lost.items()))
    note(f"{corpus.name}/{name}: {len(corpus.clips) - kept} of {len(corpus.clips)} clips left out ({listed})")


def shared_labels(corpora: Sequence[Corpus]) -> tuple[str, ...]:
    """Return the classes that all corpora have, in the order of the first.

    Raises:
        CorpusInvalid: Fewer than two.
    """
    common = [label for label in corpora[0].labels if all(label in corpus.labels for corpus in corpora)]
    if len(common) < 2:
        listed = "; ".join(f"{corpus.name}: {', '.join(corpus.labels)}" for corpus in corpora)
        raise CorpusInvalid(
            f"the corpora share {len(common)} classes ({listed})",
            f"map them to a common scheme, for instance NAME/four ({', '.join(scheme_names())})",
        )
    return tuple(common)
