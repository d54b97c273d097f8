"""Which corpora there are, where they are found, and how one is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing, UnknownName
from firmware_bridge.base.paths import ROOT
from firmware_bridge.sound.audio import AUDIO_SUFFIXES
from train.corpora.record import Clip, Corpus, checked

DATA_VARIABLE = "UNDERTONE_DATA"

Loader = Callable[[Path], Corpus]


@dataclass(frozen=True)
class Reader:
    """How one corpus is read.

    Attributes:
        name: What the user types.
        folders: Names that its folder can have below a data folder; none for a corpus made on the spot.
        task: `emotion` or `keyword`.
        summary: One line for `undertone list`.
        load: Reads the corpus from a folder.
        default: Where a corpus that is made on the spot is kept.
    """

    name: str
    folders: tuple[str, ...]
    task: str
    summary: str
    load: Loader
    default: Path | None = None


READERS: dict[str, Reader] = {}


def reader(
    name: str, *, task: str, summary: str, folders: tuple[str, ...] = (), default: Path | None = None
) -> Callable[[Loader], Loader]:
    """Register the decorated function as the loader of corpus `name`.

    Args:
        name: What the user types.
        task: `emotion` or `keyword`.
        summary: One line about it.
        folders: Names that its folder can have below a data folder, if not `name`.
        default: For a corpus that is made on the spot: where it is kept.
    """

    def register(load: Loader) -> Loader:
        places = () if default else (folders or (name,))
        READERS[name] = Reader(name, places, task, summary, load, default)
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
    if name not in READERS:
        raise UnknownName("corpus", name, READERS)
    return READERS[name]


def load_corpus(which: str) -> Corpus:
    """Load a corpus.

    Args:
        which: `NAME`, or `NAME:PATH` with the folder of its official layout.

    Raises:
        UnknownName: No such corpus.
        CorpusMissing: Its folder is not there, or is empty.
        CorpusInvalid: It cannot be used as it is.
    """
    name, _, place = which.partition(":")
    known = find_reader(name)
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
    return checked(known.load(root))


def sound_files(root: Path, pattern: str) -> list[Path]:
    """Return the sound files below `root` that match, sorted; hidden files are left out.

    Args:
        root: The folder of a corpus. Both `root/…` and `root/audio/…` are accepted.
        pattern: A glob without the suffix, for instance `Actor_*/*`.

    Raises:
        CorpusMissing: There is none.
    """
    base = root / "audio" if (root / "audio").is_dir() else root
    found = sorted(
        path
        for path in base.glob(pattern)
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")
    )
    if not found:
        kinds = ", ".join(sorted(AUDIO_SUFFIXES))
        raise CorpusMissing(
            f"{root}: no sound files ({pattern} with {kinds})",
            "point at the folder of the corpus's official layout",
            "train/corpora/README.md",
        )
    return found


def decode(path: Path, field: str, code: str, codes: dict[str, str]) -> str:
    """Return the meaning of a code in a file name.

    Raises:
        CorpusInvalid: The code is unknown; the known ones are listed.
    """
    if code not in codes:
        listed = ", ".join(f"{known} {meaning}" for known, meaning in codes.items())
        raise CorpusInvalid(f"{path.name}: unknown {field} code '{code}'", f"known codes: {listed}")
    return codes[code]


def misnamed(path: Path, expected: str) -> CorpusInvalid:
    """Return the error for a file name that does not follow the corpus's scheme."""
    return CorpusInvalid(
        f"{path.name}: not a file name of this corpus (expected {expected})",
        "move the file out of the corpus folder, or give it its original name",
    )


def in_order(clips: list[Clip]) -> tuple[Clip, ...]:
    """Return clips sorted by path, the order that all results rely on."""
    return tuple(sorted(clips, key=lambda clip: clip.path.as_posix()))
