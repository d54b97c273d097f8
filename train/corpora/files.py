"""Sound files of a corpus and what their names say."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.base.errors import CorpusInvalid, CorpusMissing
from firmware_bridge.sound.audio import AUDIO_SUFFIXES
from train.corpora.record import Clip


def sound_files(root: Path, pattern: str) -> list[Path]:
    """Return the sound files below `root` that match, sorted; hidden files are left out.

    Args:
        root: The folder of a corpus. Both `root/…` and `root/audio/…` are accepted.
        pattern: A glob without the suffix, for instance `Actor_*/*`.

    Raises:
        CorpusMissing: There is none.
    """
    base = root / "audio" if (root / "audio").is_dir() else root
    found = sorted(path for path in base.glob(pattern) if is_sound(path))
    if not found:
        kinds = ", ".join(sorted(AUDIO_SUFFIXES))
        raise CorpusMissing(
            f"{root}: no sound files ({pattern} with {kinds})",
            "point at the folder of the corpus's official layout",
            "train/corpora/README.md",
        )
    return found


def is_sound(path: Path) -> bool:
    """Tell whether a path names a sound file that is not hidden."""
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")


def sounds_by_stem(folders: list[Path], pattern: str = "*") -> dict[str, Path]:
    """Return the sound files below some folders by their names without ending.

    Args:
        folders: Folders that may be there; an earlier one wins over a later one.
        pattern: A glob below each.

    Raises:
        CorpusInvalid: One folder has a recording twice.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        here: dict[str, Path] = {}
        for path in sorted(folder.glob(pattern)):
            if is_sound(path):
                here[path.stem] = once(here, path.stem, path)
        found = here | found
    return found


def once(seen: dict[str, Path], name: str, path: Path) -> Path:
    """Return `path` if no file of that name was seen.

    Raises:
        CorpusInvalid: One was: the archive was probably unpacked twice.
    """
    if name in seen:
        raise CorpusInvalid(f"{name} is there twice: {seen[name]} and {path}", "remove one of the two copies")
    return path


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
    """Return clips sorted by path and beginning, the order that all results rely on."""
    return tuple(sorted(clips, key=lambda clip: (clip.path.as_posix(), clip.start_s or 0.0)))
