"""Which corpora there are, where they are found, and how one is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from firmware_bridge.base.errors import CorpusMissing, UnknownName
from firmware_bridge.base.parts import Parts
from firmware_bridge.base.paths import ROOT
from train.corpora.classes import ALL, apply_scheme, scheme_names
from train.corpora.record import Corpus, checked

DATA_VARIABLE = "UNDERTONE_DATA"

Loader = Callable[[Path], Corpus]


@dataclass(frozen=True)
class Slice:
    """A part or a reading of a corpus, chosen as `NAME/SLICE`.

    Attributes:
        apply: Makes the slice from the whole corpus.
        summary: One line.
        sets_classes: Whether it decides the classes, in place of a scheme of `classes.toml`.
    """

    apply: Callable[[Corpus], Corpus]
    summary: str
    sets_classes: bool = False


@dataclass(frozen=True)
class Published:
    """What the makers say that the whole corpus holds.

    Attributes:
        clips: Labelled clips; None where releases differ.
        speakers: Speakers; None where nobody counted.
        source: Where that is said.
        sha256: Hashes of files that are the same for everybody, by place below the root.
        silent: Clips that were published without usable sound.
    """

    clips: int | None
    speakers: int | None
    source: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reader:
    """How one corpus is read.

    Attributes:
        name: What the user types.
        folders: Names that its folder can have below a data folder; none for a corpus made on the spot.
        task: `emotion`, `keyword`, or `text` for a corpus without sound.
        summary: One line for `undertone list`.
        load: Reads the corpus from a folder.
        default: Where a corpus that is made on the spot is kept.
        slices: Its own slices, by name.
        classes: The scheme of classes in force where the user names none; `all` for the corpus's own.
        published: What the whole corpus holds, where that is known.
        every_class: Whether a class without clips means an incomplete download; where raters made the labels, a
            class that nobody chose is none.
    """

    name: str
    folders: tuple[str, ...]
    task: str
    summary: str
    load: Loader
    default: Path | None = None
    slices: Mapping[str, Slice] = field(default_factory=dict)
    classes: str = ALL
    published: Published | None = None
    every_class: bool = True

    def slice_names(self) -> tuple[str, ...]:
        """Return every slice that can be asked for: the corpus's own, and schemes for emotions."""
        schemes = () if self.task == "keyword" else (ALL, *scheme_names())
        return (*self.slices, *schemes)


READERS: Parts[Reader] = Parts("corpus")


def reader(
    name: str,
    *,
    task: str,
    summary: str,
    folders: tuple[str, ...] = (),
    default: Path | None = None,
    slices: Mapping[str, Slice] | None = None,
    classes: str = ALL,
    published: Published | None = None,
    every_class: bool = True,
) -> Callable[[Loader], Loader]:
    """Register the decorated function as the loader of corpus `name`; the arguments are those of `Reader`.

    Args:
        name: What the user types.
        task: `emotion`, `keyword` or `text`.
        summary: One line about it.
        folders: Names that its folder can have below a data folder, if not `name`.
        default: For a corpus that is made on the spot: where it is kept.
        slices: Its own slices.
        classes: The scheme of classes where the user names none.
        published: What the whole corpus holds.
        every_class: Whether a class without clips means an incomplete download.
    """

    def register(load: Loader) -> Loader:
        places = () if default else (folders or (name,))
        own = slices or {}
        READERS.add(
            name, Reader(name, places, task, summary, load, default, own, classes, published, every_class)
        )
        return load

    return register


def data_folders() -> list[Path]:
    """Return the folders that are searched: UNDERTONE_DATA, else `data/` and `../shared/data`."""
    listed = [Path(part) for part in os.environ.get(DATA_VARIABLE, "").split(os.pathsep) if part]
    return listed or [ROOT / "data", ROOT.parent / "shared" / "data"]


def find_data(name: str) -> Path | None:
    """Return the folder `name` in the first data folder that has it, or None."""
    return next((place / name for place in data_folders() if (place / name).is_dir()), None)


def find_reader(name: str) -> Reader:
    """Return the reader of corpus `name`.

    Raises:
        UnknownName: No such corpus.
    """
    return READERS.find(name)


@dataclass(frozen=True)
class Choice:
    """What a user asked for: `NAME[/SLICE[+SLICE]][:PATH]`, taken apart.

    Attributes:
        reader: The corpus's reader.
        slices: Names of slices, in the order given.
        root: Where the corpus is looked for.
    """

    reader: Reader
    slices: tuple[str, ...]
    root: Path


def choose(which: str) -> Choice:
    """Take `NAME[/SLICE[+SLICE]][:PATH]` apart and find the folder.

    Raises:
        UnknownName: No such corpus, or it has no such slice.
        CorpusMissing: Its folder is not there.
    """
    front, _, place = which.partition(":")
    name, _, listed = front.partition("/")
    known = find_reader(name)
    slices = tuple(part for part in listed.split("+") if part)
    for part in slices:
        if part not in known.slice_names():
            raise UnknownName(f"slice of {name}", part, known.slice_names() or ("none: it has no slices",))
    if place:
        root = Path(place).expanduser()
    elif known.default is not None:
        root = known.default
    else:
        found = next((path for folder in known.folders if (path := find_data(folder))), None)
        if found is None:
            searched = ", ".join(str(place / known.folders[0]) for place in data_folders())
            raise CorpusMissing(
                f"corpus {name} was not found (searched: {searched})",
                f"name its folder as '{name}:PATH', or set {DATA_VARIABLE} to the folder that holds it",
                "train/corpora/README.md",
            )
        root = found
    if known.default is None and not root.is_dir():
        raise CorpusMissing(f"{root}: no such folder", f"give the folder of {name} as '{name}:PATH'")
    return Choice(known, slices, root)


def load_corpus(which: str) -> Corpus:
    """Load a corpus.

    Args:
        which: `NAME`, or `NAME:PATH` with the folder of its official layout; `NAME/SLICE` or
            `NAME/SLICE+SLICE` for a part of it or other classes.

    Raises:
        UnknownName: No such corpus or slice.
        CorpusMissing: Its folder is not there, or is empty.
        CorpusInvalid: It cannot be used as it is.
    """
    choice = choose(which)
    return checked(sliced(choice.reader.load(choice.root), choice))


def sliced(corpus: Corpus, choice: Choice) -> Corpus:
    """Return the slices of a corpus that were asked for: its classes first, then its parts."""
    own = [choice.reader.slices[name] for name in choice.slices if name in choice.reader.slices]
    deciding = [part for part in own if part.sets_classes]
    for part in deciding:
        corpus = part.apply(corpus)
    schemes = [name for name in choice.slices if name not in choice.reader.slices]
    for scheme in schemes or ([] if deciding else [choice.reader.classes]):
        corpus = apply_scheme(corpus, scheme)
    for part in own:
        corpus = corpus if part.sets_classes else part.apply(corpus)
    # A part need not have every class of the whole; that an incomplete download lacks one is said by `checked`.
    loose = bool(choice.slices) or not choice.reader.every_class
    return replace(corpus, labels=_occurring(corpus)) if loose else corpus


def _occurring(corpus: Corpus) -> tuple[str, ...]:
    """Return the classes that a clip or a vote has."""
    found = {clip.label for clip in corpus.clips}
    found |= {label for clip in corpus.clips for label, share in clip.votes or () if share > 0}
    return tuple(label for label in corpus.labels if label in found)
