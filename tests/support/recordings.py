"""Small corpora in the layouts of RAVDESS and Speech Commands, of tones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from train.corpora.ravdess import EMOTIONS

CODES = {name: code for code, name in EMOTIONS.items()}


def sound(seed: int, seconds: float = 0.6) -> np.ndarray:
    """Return int16 samples of a decaying tone and a few others of its own, in noise: no two sound the same."""
    dice = np.random.default_rng(seed)
    time = np.arange(int(seconds * 16000)) / 16000
    tone = 6000 * np.sin(2 * np.pi * (150 + 60 * (seed % 7)) * time) * np.exp(-3 * time)
    for start, pitch in zip(dice.uniform(0, 0.7, 5) * seconds, dice.uniform(300, 6000, 5), strict=True):
        tone += 3000 * np.sin(2 * np.pi * pitch * time) * ((time > start) & (time < start + 0.08))
    return (tone + dice.normal(0, 80, len(time))).astype(np.int16)


def save(path: Path, pcm: np.ndarray) -> None:
    """Write a clip without waiting for the disk, as the program's own writer does."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, pcm, 16000, subtype="PCM_16")


def write_ravdess(
    root: Path,
    actors: Iterable[int] = range(1, 7),
    emotions: Iterable[str] = tuple(CODES),
    takes: int = 1,
    seconds: float = 0.6,
) -> Path:
    """Write clips in RAVDESS's layout and return its folder."""
    seed = 0
    for actor in actors:
        for emotion in emotions:
            for take in range(1, takes + 1):
                name = f"03-01-{CODES[emotion]}-01-01-{take:02}-{actor:02}.wav"
                save(root / f"Actor_{actor:02}" / name, sound(seed, seconds))
                seed += 1
    return root


def write_words(root: Path, words: Iterable[str] = ("bed", "cat"), speakers: int = 6) -> Path:
    """Write clips in Speech Commands' layout and return its folder."""
    for place, word in enumerate(words):
        for speaker in range(speakers):
            save(root / word / f"{speaker:08x}_nohash_0.wav", sound(10_000 + 100 * place + speaker, 0.4))
    return root
